"""What a pool child works with; each part is opened when a task first uses it, so a queue holds only what it needs."""

import os
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.queue import Sender
from jobs.settings import Settings
from jobs.storage import ObjectStorage
from jobs.storage_choice import open_storage
from jobs.store import JobStore
from worker.behind import Behind
from worker.noticeboard import NoticeBoard
from worker.pipeline_host import PipelineHost
from worker.sandbox import Sandbox

if TYPE_CHECKING:
    from mmgt_core.media.signing_identity import SigningIdentity
    from worker.ahead import Ahead

AHEAD_MODULE = "worker.ahead"
IDENTITY_MODULE = "worker.identity"
"""Imported by name: only who renders signs."""


@dataclass(frozen=True)
class Workplace:
    """One process's place.

    Attributes:
        name: the worker's, unique among workers.
        preset: of the render worker; empty for the others.
        send: sends messages to other workers.
        board: to the consumer loop and back.
        sandbox: where strangers' files are decoded; of the preflight worker and of render workers.
    """

    settings: Settings
    name: str
    preset: str
    send: Sender
    board: NoticeBoard
    sandbox: Sandbox | None = None

    @cached_property
    def store(self) -> JobStore:
        """The truth."""
        return JobStore(self.settings.store)

    @cached_property
    def storage(self) -> ObjectStorage:
        """Where inputs and results live."""
        return open_storage(self.settings)

    @property
    def scratch(self) -> Path:
        """Where what is under way lies, each thing in a folder of its own."""
        return self.settings.scratch_folder

    @cached_property
    def host(self) -> PipelineHost:
        """The pipeline, loaded and warmed up."""
        return PipelineHost.load(self.settings, self.preset, self.scratch, self.sandbox)

    @cached_property
    def ahead(self) -> "Ahead":
        """The next job's inputs."""
        ahead: Ahead = import_module(AHEAD_MODULE).Ahead(self)
        return ahead

    @cached_property
    def behind(self) -> Behind:
        """The last job's results."""
        return Behind(os._exit)

    @cached_property
    def identity(self) -> "SigningIdentity":
        """Who signs the videos, tried."""
        identity: SigningIdentity = import_module(IDENTITY_MODULE).open_identity(self.settings)
        return identity


_places: list[Workplace] = []


def move_in(place: Workplace) -> None:
    """Set this process's place; the parent does so before it forks."""
    _places[:] = [place]


def here() -> Workplace:
    """Return this process's place."""
    return _places[0]
