"""The app: settings, context, routers, middleware, error handlers and what runs beside requests, put together."""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
from fastapi import FastAPI

from api.dependencies import Context, open_context
from api.error_handlers import install_error_handlers
from api.metrics import MetricsServer
from api.middleware import BodyBounds, RequestFrame
from api.openapi import describe
from api.routes import (
    content,
    deliveries,
    documentation,
    events,
    health,
    service,
    studio,
    verify,
    videos_change,
    videos_create,
    videos_read,
    videos_remix,
)
from api.upkeep import Upkeep
from jobs.logging import configure_logging
from jobs.settings import Settings
from jobs.store import AsyncJobStore, JobStore

ROUTERS = (
    videos_create.router, videos_read.router, content.router, events.router, videos_change.router, videos_remix.router,
    deliveries.router, service.router, verify.router, health.router, documentation.router,
    studio.router,
)  # fmt: skip


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the service's HTTP face.

    Args:
        settings: None: read from the environment.
    """
    settings = settings or Settings()
    configure_logging(settings.log)
    context = open_context(settings)
    # FastAPI's own pages of documentation take their scripts from a host of others.
    app = FastAPI(title="MMGT", lifespan=life_of(context), redirect_slashes=False, docs_url=None, redoc_url=None)
    app.state.context = context
    for router in ROUTERS:
        app.include_router(router)
    install_error_handlers(app, settings.problem_base_url)
    app.add_middleware(BodyBounds, settings=settings)
    app.add_middleware(RequestFrame, settings=settings, metrics=context.metrics)
    describe(app)
    return app


def life_of(context: Context) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return the lifespan: upkeep and metrics run while the app does."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        settings = context.settings
        store = AsyncJobStore(settings.store)  # its own connections: nothing that callers do keeps upkeep waiting
        upkeep = Upkeep(store, context.bells, settings, f"api-{uuid.uuid4().hex}")
        metrics = None
        if settings.metrics.port is not None:
            metrics = MetricsServer(settings.metrics, context.metrics, JobStore(settings.store))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(upkeep.run)
            tasks.start_soon(context.uploads.keep_clear)
            yield
            tasks.cancel_scope.cancel()
        if metrics is not None:
            metrics.stop()
        await store.close()
        await context.close()

    return life
