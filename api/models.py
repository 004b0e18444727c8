"""Which models there are: what the render workers tell with their heartbeats, remembered while they are away.

Creates and `/readyz` both ask here, so that they agree: a model that was ever ready takes jobs, and they wait.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.errors import Finding, RequestRefused, invalid_fields
from jobs.store import AsyncJobStore
from jobs.verbs.registry import KnownModel

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

    def __init__(self, store: AsyncJobStore, live_s: float) -> None:
        self._store, self._live_s = store, live_s
        self._asked_at_s = float("-inf")
        self._known: tuple[KnownModel, ...] = ()

    async def all(self) -> dict[str, LoadedModel]:
        """Return the models seen in the last hour; where there is none, all that were ever ready.

        Raises:
            StoreUnavailable
        """
        return await self._seen_within(REMEMBERED_S) or await self._seen_within(math.inf)

    async def pick(self, name: str | None) -> LoadedModel:
        """Return the model that a request means; without a name the first by name, of those with a live worker first.

        Raises:
            RequestRefused: 422, there is no such model; 503, no worker has loaded any yet.
            StoreUnavailable
        """
        models = await self.all()
        if not models:
            raise RequestRefused("no_model_loaded", "no render worker has loaded a model yet")
        if name is None:
            return models[min(await self._seen_within(self._live_s) or models)]
        if name not in models:
            message = f"model {name[:64]!r} is not loaded; loaded are {', '.join(sorted(models))}"
            raise invalid_fields((Finding("model_not_loaded", message, "model"),))
        return models[name]

    async def _seen_within(self, seconds: float) -> dict[str, LoadedModel]:
        waited_s = time.monotonic() - self._asked_at_s
        if waited_s > FRESH_S or not self._known:
            self._known = await self._store.known_models()
            self._asked_at_s, waited_s = time.monotonic(), 0.0
        return {each.facts["id"]: _read_model(each.facts) for each in self._known if each.age_s + waited_s <= seconds}


def _read_model(facts: Mapping[str, Any]) -> LoadedModel:
    return LoadedModel(facts["id"], facts["size"], int(facts["fps"]), tuple(facts.get("qualities", ())), facts)
