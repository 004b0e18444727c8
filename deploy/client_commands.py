"""A service's user: submit, list, get, cancel, download, delete. Tables for people, --json for programs."""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

import mmgt
from deploy.client import (
    DEFAULT_URL,
    KEY_NAMES,
    KEY_VARIABLE,
    UNAUTHORISED,
    URL_VARIABLE,
    Service,
    ServiceError,
)
from deploy.submit import CAPTIONS, SUFFIXES, VIDEO, Submission, beside, submit
from jobs.job import JobStatus
from mmgt_core.errors import Cancelled
from mmgt_core.progress_bar import ProgressBar

app = typer.Typer(no_args_is_help=True, add_completion=False, help="A service's videos.")

_INTERRUPTED = 130
POSE_VARIANTS: tuple[mmgt.Variant, ...] = ("keypoints", "pose")
"""What is written of a job that ends with its poses."""
_FORMER_KEY_VARIABLE = "MMGT_API_KEY"

Url = Annotated[str, typer.Option("--url", envvar=URL_VARIABLE, help="Of the service.")]
Key = Annotated[str | None, typer.Option("--key", envvar=KEY_VARIABLE, help="Where the service asks for one.")]
AsJson = Annotated[bool, typer.Option("--json", help="The service's own answer, for programs.")]
VideoId = Annotated[str, typer.Argument(metavar="ID", help="As `mmgt list` shows it.")]
OutFile = Annotated[Path, typer.Option("--out", help="The MP4 to write.")]
Save = Annotated[str, typer.Option("--save", help=f"Also download, by comma: {', '.join(SUFFIXES)}.")]


def run(arguments: Sequence[str]) -> None:
    """Run one of these commands; ends with SystemExit."""
    try:
        app(args=arguments, prog_name="mmgt")
    except ServiceError as error:
        typer.echo(f"mmgt: {error}", err=True)
        if error.exit_status == UNAUTHORISED and _FORMER_KEY_VARIABLE in os.environ:
            typer.echo(f"note: {_FORMER_KEY_VARIABLE} is not read; say {KEY_NAMES}", err=True)
        sys.exit(error.exit_status)
    except Cancelled as error:
        typer.echo(f"mmgt: {error}", err=True)
        sys.exit(_INTERRUPTED)
    except OSError as error:
        typer.echo(f"mmgt: {error}", err=True)
        sys.exit(1)


@app.command("submit")
def submit_command(
    image: Annotated[Path, typer.Option(help="Portrait: PNG, JPEG or WebP.")],
    out: OutFile,
    audio: Annotated[Path | None, typer.Option(help="Speech: wav, mp3, flac, ogg, m4a, aac or webm.")] = None,
    text: Annotated[str | None, typer.Option(help="Words that the service speaks, instead of --audio.")] = None,
    voice: Annotated[str | None, typer.Option(help="Of --text; GET /v1/voices lists them.")] = None,
    language: Annotated[str | None, typer.Option(help="Of --text or --transcript: a tag as en or de.")] = None,
    driving_video: Annotated[Path | None, typer.Option(help="Its poses stand instead of stage 1.")] = None,
    driving_keypoints: Annotated[Path | None, typer.Option(help="The same as keypoints: .npy or JSON.")] = None,
    captions: Annotated[str | None, typer.Option(help="vtt: a track in the video, and NAME.vtt beside it.")] = None,
    transcript: Annotated[str | None, typer.Option(help="What is said in --audio, for --captions.")] = None,
    captions_file: Annotated[Path | None, typer.Option(help="Captions of your own: WebVTT or SubRip.")] = None,
    framing: Annotated[
        str | None, typer.Option(help="square, photo, 16:9, 9:16, 4:5 or 1:1: how much of the photo is shown.")
    ] = None,
    lips: Annotated[
        str | None, typer.Option(help="Of driving poses: audio, as the sound is spoken, or driving.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="poses ends with poses: no video, but what is beside it.")] = None,
    n: Annotated[int | None, typer.Option("--n", help="1 to 4 videos at once, by seeds in a row: NAME.1.mp4 …")] = None,
    backdrop: Annotated[str | None, typer.Option(help="Behind the person: keep, #rrggbb or transparent.")] = None,
    backdrop_image: Annotated[Path | None, typer.Option(help="A picture to stand behind the person.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="Another field of the request, NAME=VALUE.")] = None,
    save: Save = "",
    url: Url = DEFAULT_URL,
    key: Key = None,
    start: Annotated[Path | None, typer.Option(help="Start a service on this data folder for the one video.")] = None,
) -> None:
    """Send an image and a recording to a running service, follow it, download the video.

    Ctrl-C cancels the job and says so; where it cannot, it prints the job's id and how to go on.
    """
    files = {
        "image": image,
        "audio": audio,
        "driving_video": driving_video,
        "driving_keypoints": driving_keypoints,
        "backdrop_image": backdrop_image,
        "captions_file": captions_file,
    }
    present = {name: path for name, path in files.items() if path is not None}
    wishes = {"text": text, "voice": voice, "language": language, "framing": framing}
    wishes |= {"captions": captions, "transcript": transcript, "backdrop": backdrop}
    wishes |= {"lips": lips, "until": until, "n": None if n is None else str(n)}
    fields = _fields(field or []) | {name: wish for name, wish in wishes.items() if wish}
    made = POSE_VARIANTS if fields.get("until") == "poses" else (VIDEO,)
    captioned = (CAPTIONS,) if made == (VIDEO,) and fields.get("captions") == "vtt" else ()
    variants = tuple(dict.fromkeys((*made, *captioned, *_variants(save))))
    out.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        if start is not None:
            url = stack.enter_context(import_module("deploy.serve").temporary_service(start))
        submission = Submission(Service(url.rstrip("/"), key), present, fields)
        with ProgressBar() as bar:
            written = submit(submission, out, variants, bar)
    for message in dict.fromkeys(warning["message"] for video, _ in written for warning in video["warnings"]):
        typer.echo(f"warning: {message}", err=True)
    typer.echo(f"the same by hand:\n  {submission.as_curl()}", err=True)
    for path in (beside(target, variant) for _, target in written for variant in variants):
        typer.echo(path)


@app.command("list")
def list_command(
    status: Annotated[JobStatus | None, typer.Option(help="Only those.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="At most.")] = 20,
    after: Annotated[str | None, typer.Option(metavar="ID", help="Only those older than this one.")] = None,
    url: Url = DEFAULT_URL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List your videos, the newest first."""
    with Service(url, key).client() as client:
        page = client.videos.list(limit=limit, status=status.value if status else None, after=after)
    if as_json:
        typer.echo(json.dumps(page, indent=1))
        return
    rows = [("id", "status", "%", "seconds", "model", "created"), *map(_row, page["data"])]
    for row in _aligned(rows):
        typer.echo(row)
    if page["has_more"]:
        typer.echo(f"there are more: mmgt list --after {page['last_id']}", err=True)


@app.command("get")
def get_command(
    video_id: VideoId,
    wait: Annotated[bool, typer.Option("--wait", help="Until it has ended.")] = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Tell how a video is."""
    with Service(url, key).client() as client:
        try:
            video = client.videos.wait(video_id) if wait else client.videos.retrieve(video_id)
        except mmgt.NotCompleted as error:
            video = error.video
    _tell(video, as_json)


@app.command("cancel")
def cancel_command(video_id: VideoId, url: Url = DEFAULT_URL, key: Key = None, as_json: AsJson = False) -> None:
    """End a video that waits or runs: at once, or within one step."""
    with Service(url, key).client() as client:
        video = client.videos.cancel(video_id)
    _tell(video, as_json)


@app.command("download")
def download_command(video_id: VideoId, out: OutFile, save: Save = "", url: Url = DEFAULT_URL, key: Key = None) -> None:
    """Write a finished video, and what is wanted beside it; each file is complete or absent."""
    variants = _variants(save)
    out.parent.mkdir(parents=True, exist_ok=True)
    with Service(url, key).client() as client:
        for variant in (VIDEO, *variants):
            typer.echo(client.videos.download(video_id, beside(out, variant), variant))


@app.command("delete")
def delete_command(video_id: VideoId, url: Url = DEFAULT_URL, key: Key = None, as_json: AsJson = False) -> None:
    """Remove a video with all that it was made of, for good; one that runs is ended."""
    with Service(url, key).client() as client:
        answer = client.videos.delete(video_id)
    typer.echo(json.dumps(answer, indent=1) if as_json else f"{video_id} deleted")


def _tell(video: mmgt.Video, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(video, indent=1))
        return
    error = video["error"]
    facts = {
        "id": video["id"],
        "status": video["status"],
        "progress": f"{video['progress']} %",
        "place in the queue": video["progress_detail"]["queue_position"],
        "model": video["model"],
        "seconds": video["seconds"],
        "created": _moment(video["created_at"]),
        "expires": _moment(video["expires_at"]),
        "error": error["message"] if error else None,
    }
    for row in _aligned([(name, str(value)) for name, value in facts.items() if value is not None]):
        typer.echo(row)
    for warning in video["warnings"]:
        typer.echo(f"warning: {warning['message']}", err=True)


def _row(video: mmgt.Video) -> tuple[str, ...]:
    shown = (video["id"], video["status"], video["progress"], video["seconds"] or "", video["model"])
    return (*map(str, shown), _moment(video["created_at"]) or "")


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _moment(at_s: int | None) -> str | None:
    return None if at_s is None else datetime.fromtimestamp(at_s).isoformat(" ", "seconds")


def _variants(save: str) -> list[mmgt.Variant]:
    known: dict[str, mmgt.Variant] = {variant: variant for variant in SUFFIXES}
    names = [name.strip() for name in save.split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise typer.BadParameter(f"--save has {', '.join(unknown)}; it takes {', '.join(SUFFIXES)}")
    return [known[name] for name in names]


def _fields(pairs: Sequence[str]) -> dict[str, str]:
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise typer.BadParameter(f"--field {wrong[0]!r}; NAME=VALUE is needed")
    return dict(pair.split("=", 1) for pair in pairs)
