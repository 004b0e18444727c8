"""The list verb: a page of a tenant's jobs, found in stretches that leave the store free for others in between."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.errors import UnknownCursor
from jobs.job import Job, JobStatus
from jobs.record import read_job
from jobs.verbs.call import Call, Word

Place = tuple[Word, Word]  # id of a job and its creation in ms; both empty for none, ms empty for "look it up"
NOWHERE: Place = ("", "")


@dataclass(frozen=True)
class Page:
    """Result of list."""

    jobs: tuple[Job, ...]
    has_more: bool


def list_jobs(
    tenant: str,
    *,
    limit: int = 20,
    after: str | None = None,
    before: str | None = None,
    newest_first: bool = True,
    status: JobStatus | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Call[Page]:
    """Return the tenant's jobs by creation time.

    Args:
        after, before: ids of the last (first) job of a page; jobs strictly after (before) it in the chosen order.
            They may have been deleted since.
        metadata: pairs that a job must have, all of them.

    Raises (when read):
        UnknownCursor
    """
    is_backwards = before is not None and after is None
    start, stop = (before, None) if is_backwards else (after, before)
    pairs = dict(metadata or {})
    texts = (json.dumps({name: value})[1:-1] for name, value in pairs.items())
    filters = ("" if status is None else status.value, json.dumps(pairs), *texts)

    def stretch(found: tuple[Job, ...], start: Place, stop: Place) -> Call[Page]:
        def read(reply: Any) -> Page | Call[Page]:  # noqa: ANN401
            if reply[0] == "unknown":
                raise UnknownCursor(f"after or before names no video of yours: {after or before}")
            _, next_id, next_ms, stop_ms, rows = reply
            jobs = (*found, *(read_job(row) for row in rows))
            if next_id:
                return stretch(jobs, (next_id, next_ms), (stop[0], stop_ms))
            page = jobs[:limit]
            return Page(page[::-1] if is_backwards else page, len(jobs) > limit)

        words = (tenant, limit + 1 - len(found), int(newest_first != is_backwards), *start, *stop, *filters)
        return Call("list", words, read)

    return stretch((), _place(start), _place(stop))


def _place(job_id: str | None) -> Place:
    return NOWHERE if job_id is None else (job_id, "")
