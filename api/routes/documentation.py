"""`/docs`: Swagger UI over our own schema, from files of this machine only: it works where there is no internet."""

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from api.errors import RequestRefused

router = APIRouter(include_in_schema=False)

# Swagger UI sets styles through the DOM, which `style-src` lets pass; its pictures are data, its answers blobs.
POLICY = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:",
        "media-src blob:", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    )
)  # fmt: skip
HEADERS = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer", "Cache-Control": "max-age=3600"}

OURS = files("api") / "documentation"
SWAGGER_UI = files("fastapi_swagger") / "resources"  # the distribution of Swagger UI, and nothing else of that package
FILES = {
    "start.js": OURS,
    "swagger-ui-bundle.js": SWAGGER_UI,
    "swagger-ui.css": SWAGGER_UI,
    "favicon-32x32.png": SWAGGER_UI,
}


@router.get("/docs")
async def documentation() -> FileResponse:
    """Return the page; it finds its files and the schema relative to itself, so a proxy may put a path before it."""
    return FileResponse(Path(str(OURS / "index.html")), headers=HEADERS)


@router.get("/docs/{name}")
async def documentation_file(name: str) -> FileResponse:
    """Return one of the page's files."""
    if name not in FILES:
        raise RequestRefused("not_found", f"/docs has no file {name!r}")
    return FileResponse(Path(str(FILES[name] / name)), headers=HEADERS)
