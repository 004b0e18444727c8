"""The idempotency key of a create: taken, held while the inputs are stored and looked at, and no longer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from api.create_call import CreateCall
from api.dependencies import Context
from api.errors import RequestRefused, video_not_found
from api.orders import Order
from jobs.errors import StoreUnavailable
from jobs.job import Job
from jobs.logging import logger
from jobs.verbs.lifecycle import Reservation

log = logger(__name__)

RENEWALS = 4  # of a reservation within its life


async def reserve(context: Context, tenant: str, order: Order, call: CreateCall) -> tuple[Job, ...]:
    """Take the idempotency key, if one was sent; return the jobs that it has made, none if they are ours to make.

    Raises:
        RequestRefused: 404, 409, 422.
        StoreUnavailable
    """
    if call.idempotency_key is None:
        return ()
    held_s = context.settings.limits.reservation_s
    reserved = await context.store.reserve_key(
        tenant, call.route, call.idempotency_key, order.fingerprint, call.owner, held_s
    )
    if reserved.state is Reservation.MISMATCH:
        raise RequestRefused("idempotency_key_reused", "the Idempotency-Key stands for another request")
    if reserved.state is Reservation.IN_FLIGHT:
        detail = "the first request with this Idempotency-Key is not finished"
        raise RequestRefused("idempotency_key_in_flight", detail, headers={"Retry-After": "1"})
    if not reserved.job_ids:
        return ()
    found = [await context.store.get(job_id, tenant) for job_id in reserved.job_ids]
    made = tuple(job for job in found if job is not None)
    if not made:
        raise video_not_found(reserved.job_ids[0])  # deleted a moment ago
    return made


@asynccontextmanager
async def holding(context: Context, tenant: str, call: CreateCall) -> AsyncIterator[None]:
    """Renew the reservation of the request's key, if it has one, until the block is left."""
    if call.idempotency_key is None:
        yield
        return
    renewing = asyncio.create_task(renew_again_and_again(context, tenant, call, call.idempotency_key))
    try:
        yield
    finally:
        renewing.cancel()


async def renew_again_and_again(context: Context, tenant: str, call: CreateCall, key: str) -> None:
    """Renew a reservation before it lapses, until it is lost or the task is cancelled."""
    held_s = context.settings.limits.reservation_s
    is_held = True
    while is_held:
        await anyio.sleep(held_s / RENEWALS)
        try:
            is_held = await context.store.renew_key(tenant, call.route, key, call.owner, held_s)
        except StoreUnavailable as error:
            log.warning("reservation_not_renewed", error=str(error))
