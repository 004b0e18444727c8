"""The studio's built files, read once: a page that is made anew for each visit, and assets named by their content."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BUILT = Path(__file__).parent / "built"
MEDIA_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".wav": "audio/wav",
}
POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
NOT_BUILT = """\
<!doctype html><html lang="en"><meta charset="utf-8"><title>MMGT</title>
<h1>The studio is not built here</h1>
<p>It needs Node 20 once: <code>make studio</code>. The service itself works: see <a href="/docs">its API</a>.</p>
</html>
"""


@dataclass(frozen=True)
class Asset:
    """One file. `packed`: the same gzipped, None where that makes it no smaller."""

    content: bytes
    media_type: str
    packed: bytes | None


@dataclass(frozen=True)
class Visit:
    """The page for one visitor, and the policy that only its own scripts meet."""

    html: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class StudioFiles:
    """page: with `{{nonce}}` where a visit's own goes; None where the studio was not built. assets: by name."""

    page: str | None
    assets: Mapping[str, Asset]

    def visit(self) -> Visit:
        """Return the page with a nonce of its own."""
        nonce = secrets.token_urlsafe(16)
        headers = {
            "Content-Security-Policy": POLICY.format(nonce=nonce),
            "Permissions-Policy": "camera=(self), microphone=(self), geolocation=()",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }
        return Visit(NOT_BUILT if self.page is None else self.page.replace("{{nonce}}", nonce), headers)


def read_studio(folder: Path = BUILT) -> StudioFiles:
    """Return what `make studio` built; nothing but a page that says so where it did not."""
    page = folder / "index.html"
    if not page.is_file():
        return StudioFiles(None, {})
    assets = {path.name: _read(path) for path in sorted((folder / "assets").iterdir()) if path.suffix in MEDIA_TYPES}
    return StudioFiles(page.read_text(), assets)


def _read(path: Path) -> Asset:
    packed = path.with_name(path.name + ".gz")
    return Asset(path.read_bytes(), MEDIA_TYPES[path.suffix], packed.read_bytes() if packed.is_file() else None)
