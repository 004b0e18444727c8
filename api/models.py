"""Which models are loaded: what the render workers tell with their heartbeats, remembered while they are away."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.errors import Finding, RequestRefused, invalid_fields
from jobs.store import AsyncJobStore

FRESH_S = 2.0
REMEMBERED_S = 3600.0  # workers that restart do not make creates fail


@dataclass(frozen=True)
class LoadedModel:
    """A preset that render workers have loaded; its name is also the class of its queue.

    Attributes:
        id: the preset's name.
        size: width x height in pixels.
        fps: frames per second.
        qualities: the modes it has; empty when it has only one.
        facts: all that the worker tells of it.
    """

    id: str
    size: str
    fps: int
    qualities: tuple[str, ...]
    facts: Mapping[str, Any]


class LoadedModels:
    """The models by name, asked for at most once in `FRESH_S`."""

    def __init__(self, store: AsyncJobStore) -> None:
        self._store = store
        self._asked_at_s = float("-inf")
        self._models: dict[str, LoadedModel] = {}

    async def all(self) -> dict[str, LoadedModel]:
        """Return every model seen in the last hour, or by this process, the newest word about each.

        Raises:
            StoreUnavailable
        """
        if time.monotonic() - self._asked_at_s > FRESH_S or not self._models:
            for worker in sorted(await self._store.workers(REMEMBERED_S), key=lambda worker: worker.seen_at_ms):
                self._models |= {facts["id"]: _read_model(facts) for facts in worker.models}
            self._asked_at_s = time.monotonic()
        return self._models

    async def pick(self, name: str | None) -> LoadedModel:
        """Return the model that a request means; without a name the first by name.

        Raises:
            RequestRefused: 422, there is no such model; 503, no worker has loaded any yet.
            StoreUnavailable
        """
        models = await self.all()
        if not models:
            raise RequestRefused("no_model_loaded", "no render worker has loaded a model yet")
        if name is None:
            return models[min(models)]
        if name not in models:
            message = f"model {name[:64]!r} is not loaded; loaded are {', '.join(sorted(models))}"
            raise invalid_fields((Finding("model_not_loaded", message, "model"),))
        return models[name]


def _read_model(facts: Mapping[str, Any]) -> LoadedModel:
    return LoadedModel(facts["id"], facts["size"], int(facts["fps"]), tuple(facts.get("qualities", ())), facts)
