"""What routes are given: the context of the app, the caller, and limits on how often it may call."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.auth import Authenticator, Identity
from api.content import ContentShelf
from api.estimates import Estimates
from api.metrics import Metrics
from api.models import LoadedModels
from api.open_files import num_waits
from api.places import Places
from api.rate_limit import RateLimiter, Window, refuse_if_exceeded
from api.sender import Bells, CelerySender
from api.studio.files import StudioFiles, read_studio
from api.turns import Turns
from api.uploads import UploadDesk
from jobs.settings import Settings
from jobs.speech import Offer, offer_of
from jobs.storage import ObjectStorage
from jobs.storage_choice import open_storage
from jobs.store import AsyncJobStore


@dataclass(frozen=True)
class Context:
    """Everything that is made once per app and closed with it."""

    settings: Settings
    store: AsyncJobStore
    storage: ObjectStorage
    shelf: ContentShelf
    sender: CelerySender
    bells: Bells
    limiter: RateLimiter
    authenticator: Authenticator
    estimates: Estimates
    models: LoadedModels
    searches: Turns
    uploads: UploadDesk
    waits: Places
    metrics: Metrics
    speech: Offer | None
    studio: StudioFiles

    async def close(self) -> None:
        """Close connections and threads."""
        await self.bells.close()
        self.sender.close()
        await self.limiter.close()
        await self.store.close()


def open_context(settings: Settings) -> Context:
    """Make the context; nothing is connected before its first use."""
    store = AsyncJobStore(settings.store)
    sender = CelerySender(settings.store)
    limiter = RateLimiter(settings)
    storage = open_storage(settings)
    return Context(
        settings=settings,
        store=store,
        storage=storage,
        shelf=ContentShelf(storage),
        sender=sender,
        bells=Bells(sender, settings.store.timeout_s),
        limiter=limiter,
        authenticator=Authenticator(settings, store, limiter),
        estimates=Estimates(store, settings.limits),
        models=LoadedModels(store, settings.worker.live_s),
        searches=Turns(),
        uploads=UploadDesk(settings),
        waits=Places("waits", num_waits(), settings.limits.max_waits_per_tenant),
        metrics=Metrics(),
        speech=offer_of(settings.speech),
        studio=read_studio(),
    )


async def get_context(request: Request) -> Context:
    """Return the app's context; a coroutine, since FastAPI would give a plain function a thread for each request."""
    context: Context = request.app.state.context
    return context


async def identify(request: Request, context: Annotated[Context, Depends(get_context)]) -> Identity:
    """Return the caller, and note the tenant for the log.

    Raises:
        RequestRefused: 401 or 403.
    """
    identity = await context.authenticator.identify(request)
    request.state.tenant = identity.tenant
    return identity


class Counted:
    """A dependency that counts the call in one window and puts its RateLimit headers on whatever is answered."""

    def __init__(self, window: Window) -> None:
        self._window = window

    async def __call__(
        self,
        request: Request,
        identity: Annotated[Identity, Depends(identify)],
        context: Annotated[Context, Depends(get_context)],
    ) -> Identity:
        """Return the caller.

        Raises:
            RequestRefused: 401, 403 or 429.
        """
        allowance = await context.limiter.count(self._window, identity.tenant)
        request.state.answer_headers.update(allowance.headers)
        refuse_if_exceeded(allowance)
        return identity


async def hold_waiting_place(
    identity: Annotated[Identity, Depends(identify)], context: Annotated[Context, Depends(get_context)]
) -> AsyncIterator[None]:
    """Hold one of the places of those who wait until the answer is given.

    Raises:
        RequestRefused: 429 or 503.
    """
    with context.waits.hold(identity.tenant):
        yield


ContextDep = Annotated[Context, Depends(get_context)]
Caller = Annotated[Identity, Depends(identify)]
Creator = Annotated[Identity, Depends(Counted(Window.CREATES))]
Validator = Annotated[Identity, Depends(Counted(Window.VALIDATIONS))]
Reader = Annotated[Identity, Depends(Counted(Window.READS))]
