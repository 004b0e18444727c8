"""Where the service has what: the path of a video, and of what belongs to it."""

from urllib.parse import quote


def video_path(video_id: str, *rest: str) -> str:
    """A video's path; every part stays one segment, whatever stands in it.

    Raises:
        ValueError: a part that would lead elsewhere: empty, or dots.
    """
    parts = (video_id, *rest)
    if not all(part.strip(".") for part in parts):
        raise ValueError(f"{'/'.join(parts)!r} is no id")
    return "/".join(["/v1/videos", *(quote(part, safe="") for part in parts)])
