"""Whether the service lives and can take work, for load balancers and Compose."""

from collections.abc import Awaitable

import anyio.to_thread
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.dependencies import Context, ContextDep
from api.errors import RequestRefused
from api.schemas import problems
from api.service_schemas import Liveness, Readiness
from jobs.errors import StorageUnavailable, StoreUnavailable
from jobs.queue import video_queue

router = APIRouter(tags=["health"])

RENDER_QUEUES = video_queue("")


@router.get("/livez", summary="Does the process answer?", response_model=Liveness)
async def livez() -> JSONResponse:
    """Answer as long as the event loop turns."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", summary="Can work be taken?", response_model=Readiness, responses=problems(503))
async def readyz(context: ContextDep) -> JSONResponse:
    """Answer 503 until the first worker's canary passed and while store or storage is lost."""
    checks = {
        "store": await _check(context.store.ping()),
        "storage": await _check(anyio.to_thread.run_sync(context.storage.check)),
    }
    if any(check != "ok" for check in checks.values()):
        lost = ", ".join(name for name, check in checks.items() if check != "ok")
        raise RequestRefused("not_ready", f"lost: {lost}", headers={"Retry-After": "2"})
    if not await context.models.all():
        raise RequestRefused("not_ready", "no render worker passed its first check yet", headers={"Retry-After": "2"})
    checks["workers"] = "ok" if await _has_live_worker(context) else "none is alive; jobs wait"
    is_well = checks["workers"] == "ok"
    return JSONResponse({"status": "ok" if is_well else "degraded", "checks": checks})


async def _check(probe: Awaitable[None]) -> str:
    try:
        await probe
    except (StoreUnavailable, StorageUnavailable) as error:
        return type(error).__name__
    return "ok"


async def _has_live_worker(context: Context) -> bool:
    workers = await context.store.workers(context.settings.worker.live_s)
    return any(
        worker.is_ready and any(queue.startswith(RENDER_QUEUES) for queue in worker.queues) for worker in workers
    )
