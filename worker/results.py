"""From finished files to stored objects: marked as made by a machine, kept on disk until the store has them all."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jobs.errors import StorageUnavailable
from jobs.job import Job, Notice, result_key
from jobs.patience import patiently
from jobs.scratch import FINISHED_FILE
from jobs.storage import ObjectStorage
from mmgt_core.media.provenance import GenerationFacts, sign_all
from mmgt_core.media.signing_identity import SigningIdentity
from mmgt_core.pipelines.output_files import MARKED
from worker.job_inputs import speech_facts
from worker.pipeline import Rendered

RESULT_FILES = {
    "video": ("video.mp4", "video/mp4"),
    "thumbnail": ("thumbnail.jpg", "image/jpeg"),
    "pose": ("pose.mp4", "video/mp4"),
    "masks": ("masks.mp4", "video/mp4"),
    "keypoints": ("keypoints.npy", "application/octet-stream"),
    "captions": ("captions.vtt", "text/vtt"),
    "manifest": ("manifest.json", "application/json"),
    "matte": ("matte.mp4", "video/mp4"),
    "transparent": ("transparent.mov", "video/quicktime"),
}
"""Variant to file name in the store, and content type."""


@dataclass(frozen=True)
class Finished:
    """A rendered video on local disk, ready to be stored.

    Attributes:
        files: local path by variant.
        pipeline_seconds: from the first decoded input to the last written frame.
    """

    files: Mapping[str, Path]
    seconds: float
    pipeline_seconds: float
    warnings: tuple[Notice, ...]

    def save(self, folder: Path) -> None:
        """Write down that the folder is complete, so that another attempt of this worker need not render again."""
        content = asdict(self) | {"files": {variant: path.name for variant, path in self.files.items()}}
        unfinished = folder / (FINISHED_FILE + ".part")
        unfinished.write_text(json.dumps(content))
        unfinished.rename(folder / FINISHED_FILE)


def find_finished(folder: Path) -> Finished | None:
    """Return what an earlier attempt on this disk finished but could not store."""
    path = folder / FINISHED_FILE
    if not path.is_file():
        return None
    content = json.loads(path.read_text())
    content["files"] = {variant: folder / name for variant, name in content["files"].items()}
    content["warnings"] = tuple(Notice(**notice) for notice in content["warnings"])
    return Finished(**content)


def finish(rendered: Rendered, job: Job, identity: SigningIdentity, pipeline_seconds: float, folder: Path) -> Finished:
    """Write the manifest, sign every film, and write down that all is there."""
    facts = GenerationFacts(
        preset=str(rendered.manifest["preset"]),
        is_trained=bool(rendered.manifest["is_trained"]),
        seed=job.request.options.seed,
        request_id=job.request.request_id,
        consented_at=_moment(job.request.consented_at_ms),
    )
    sign_all((path for path in rendered.files.values() if path.suffix in MARKED), identity, facts)
    manifest_path = folder / RESULT_FILES["manifest"][0]
    manifest = manifest_of(rendered, job, pipeline_seconds, speech_facts(folder))
    manifest_path.write_text(json.dumps(manifest, indent=1) + "\n")
    files = {**rendered.files, "manifest": manifest_path}
    finished = Finished(files, rendered.seconds, round(pipeline_seconds, 3), rendered.warnings)
    finished.save(folder)
    return finished


def manifest_of(
    rendered: Rendered, job: Job, pipeline_seconds: float, speech: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return how the video came about, and for which request. speech: who spoke its text, if it had one."""
    request, consented_at = job.request, _moment(job.request.consented_at_ms)
    return {
        **rendered.manifest,
        "video_id": job.id,
        "attempt": job.attempt,
        "request_id": request.request_id,
        "traceparent": request.traceparent,
        "consented_at": consented_at.isoformat() if consented_at else None,
        "remixed_from_video_id": request.remixed_from_video_id,
        "speech": None if speech is None else {"text": request.text, **speech},
        "seconds": rendered.seconds,
        "pipeline_seconds": round(pipeline_seconds, 3),
    }


def store_results(
    storage: ObjectStorage, job: Job, finished: Finished, patience_s: float, may_go_on: Callable[[], object]
) -> dict[str, str]:
    """Upload every file under this attempt's prefix; return the keys by variant once the store has confirmed all.

    Args:
        patience_s: with a store that is away, for each file.
        may_go_on: asked between tries and files; raises to stop.

    Raises:
        StorageUnavailable: also after so long.
    """
    keys: dict[str, str] = {}
    for variant, path in finished.files.items():
        may_go_on()
        name, content_type = RESULT_FILES[variant]
        key = result_key(job.id, job.attempt, name)

        def put(key: str = key, path: Path = path, content_type: str = content_type) -> None:
            storage.put_file(key, path, content_type)

        patiently(put, StorageUnavailable, patience_s, may_go_on)
        keys[variant] = key
    return keys


def _moment(at_ms: int | None) -> datetime | None:
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC)
