"""Deleting what must go: objects of deleted, expired and lost work, and uploads that never became a job."""

import time

from jobs.errors import StorageUnavailable
from jobs.job import attempt_prefix, inputs_prefix, job_prefix, preview_prefix
from jobs.logging import logger
from jobs.storage import ObjectStorage, delete_prefix
from jobs.verbs.upkeep import Purge, PurgePart
from worker.workplace import Workplace

log = logger(__name__)

_ORPHAN_SEARCHES_PER_AGE = 4  # every object is listed this often within `orphan_upload_s`
_searched_at_s: dict[str, float] = {}


def keep_house(place: Workplace) -> None:
    """Carry out due purges and, now and then, look for orphan uploads.

    Raises:
        StorageUnavailable: the purges come again after a minute.
    """
    purge_due(place)
    remove_unfinished(place)
    now_s, every_s = time.monotonic(), place.settings.retention.orphan_upload_s / _ORPHAN_SEARCHES_PER_AGE
    if now_s - _searched_at_s.get(place.name, float("-inf")) >= every_s:
        _searched_at_s[place.name] = now_s
        remove_orphans(place)


def remove_unfinished(place: Workplace) -> None:
    """Delete the bytes of writes whose writer died."""
    try:
        num_removed = place.storage.remove_unfinished(place.settings.retention.orphan_upload_s)
    except StorageUnavailable as error:  # not every store can tell
        log.warning("unfinished_writes_not_looked_for", error=str(error))
        return
    if num_removed:
        log.info("unfinished_writes_removed", writes=num_removed)


def purge_due(place: Workplace) -> None:
    """Delete the objects of every purge that is due."""
    while purges := place.store.take_purges():
        for purge in purges:
            num_objects = carry_out(place.storage, purge)
            place.store.purge_done(purge.ticket)
            log.info("objects_purged", job_id=purge.job_id, part=purge.part.value, objects=num_objects)


def carry_out(storage: ObjectStorage, purge: Purge) -> int:
    """Delete what one purge names; return how many objects."""
    everything, inputs = job_prefix(purge.job_id), inputs_prefix(purge.job_id)
    match purge.part:
        case PurgePart.ALL:
            return delete_prefix(storage, everything)
        case PurgePart.INPUTS:
            return delete_prefix(storage, inputs)
        case PurgePart.RESULTS:
            return delete_prefix(storage, everything, inputs)
        case PurgePart.LOSERS:
            winner = attempt_prefix(purge.job_id, purge.attempt or 0)
            return delete_prefix(storage, everything, inputs, winner)
        case PurgePart.PREVIEW:
            return delete_prefix(storage, preview_prefix(purge.job_id, purge.attempt or 0))


def remove_orphans(place: Workplace) -> int:
    """Delete uploads older than `orphan_upload_s` whose job has no record; return of how many jobs."""
    newest_s: dict[str, float] = {}
    for item in place.storage.list("videos/"):
        job_id = item.key.split("/")[1]
        newest_s[job_id] = max(newest_s.get(job_id, 0.0), item.modified_at_s)
    oldest_allowed_s = time.time() - place.settings.retention.orphan_upload_s
    old = tuple(job_id for job_id, modified_at_s in newest_s.items() if modified_at_s < oldest_allowed_s)
    orphans = set(old) - (place.store.known_ids(old) if old else frozenset())
    for job_id in orphans:
        delete_prefix(place.storage, job_prefix(job_id))
    if orphans:
        log.info("orphan_uploads_removed", jobs=len(orphans))
    return len(orphans)
