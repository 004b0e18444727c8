"""Which methods a path has, for `Allow`: the framework tells those of the first route that fits, and no others."""

import re
from collections.abc import Sequence

from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from jobs.job import CROCKFORD

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
VIDEO_PATH = re.compile(r"(/v1/videos/)([^/]+)(/.*)?")
VIDEO_ID = re.compile(f"video_[{CROCKFORD}]{{26}}")
NOBODY = "-"  # is no video's id


def methods_of(routes: Sequence[BaseRoute], scope: Scope) -> list[str]:
    """Return the methods that a request's path has; none for a path like `/v1/videos/edits`, which names no video."""
    path = scope["path"]
    found = _methods_at(routes, scope, path)
    video = VIDEO_PATH.fullmatch(path)
    if video is None or VIDEO_ID.fullmatch(video[2]) is not None:
        return found
    anybodys = _methods_at(routes, scope, f"{video[1]}{NOBODY}{video[3] or ''}")
    return [method for method in found if method not in anybodys]


def _methods_at(routes: Sequence[BaseRoute], scope: Scope, path: str) -> list[str]:
    asked = [(method, {**scope, "method": method, "path": path}) for method in METHODS]
    return [method for method, each in asked if any(route.matches(each)[0] is Match.FULL for route in routes)]
