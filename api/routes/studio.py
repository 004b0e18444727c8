"""The studio's page and its files: for everybody, since whoever has no key is asked for one by the page."""

from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from api.dependencies import ContextDep
from api.errors import RequestRefused

router = APIRouter(include_in_schema=False)

FOR_GOOD = "public, max-age=31536000, immutable"  # a name stands for one content


@router.get("/")
@router.get("/library")
@router.get("/compare")
@router.get("/videos/{video_id}")
async def studio_page(context: ContextDep) -> HTMLResponse:
    """Give the page; which view it is stands in its address."""
    visit = context.studio.visit()
    return HTMLResponse(visit.html, headers=dict(visit.headers))


@router.get("/studio/{name}")
async def studio_file(
    name: str, context: ContextDep, accept_encoding: Annotated[str, Header(include_in_schema=False)] = ""
) -> Response:
    """Give a script, a style or a sample, gzipped to whoever takes it so."""
    asset = context.studio.assets.get(name)
    if asset is None:
        raise RequestRefused("not_found", f"the studio has no file {name[:64]!r}")
    headers = {"Cache-Control": FOR_GOOD, "Vary": "Accept-Encoding"}
    content = asset.content
    if asset.packed is not None and "gzip" in accept_encoding:
        headers["Content-Encoding"], content = "gzip", asset.packed
    return Response(content, headers=headers, media_type=asset.media_type)
