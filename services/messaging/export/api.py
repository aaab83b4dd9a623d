"""The REST routes of the export service."""

from datetime import timedelta
from math import ceil
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Cookie, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from messaging_wire import problems
from messaging_wire.base import Page
from messaging_wire.export import DownloadLink, Export, ExportCreate, ExportOption
from messaging_wire.ids import ExportId, UserId

from messaging.export.downloads import Asker, Download, Downloads
from messaging.export.ranges import ByteRange, RangeNotSatisfiableError, asked_range
from messaging.export.service import DOWNLOAD_PATH, ExportService
from messaging.export.settings import ExportSettings
from messaging.kernel.clock import Clock
from messaging.kernel.errors import ProblemError
from messaging.kernel.identity import CurrentCaller, bearer_token
from messaging.kernel.paging import DEFAULT_LIMIT, Cursor, Limit
from messaging.kernel.problems import answer
from messaging.kernel.tokens import CallerVerifier

router = APIRouter(prefix="/api/dataexport")

COOKIE = "export_download"


async def _service(request: Request) -> ExportService:
    service: ExportService = request.app.state.export
    return service


Service = Annotated[ExportService, Depends(_service)]
Option = Annotated[ExportOption, Query(description="The form of the document; this version makes json only")]


@router.post("/export-data", status_code=202, summary="Export a conversation")
async def create(
    *,
    service: Service,
    caller: CurrentCaller,
    request: Request,
    response: Response,
    body: ExportCreate,
    option: Option,
) -> Export:
    """It is made in the background; `Location` says where to ask for it. A repeated `client_id` gives 200, the same."""
    export, is_new = await service.create(caller.user_id, bearer_token(request) or "", body, option)
    response.headers["Location"] = f"/dataexport/{export.id}"
    if not is_new:
        response.status_code = 200
    return export


@router.get("", summary="My exports, newest first")
async def list_exports(
    service: Service, caller: CurrentCaller, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[Export]:
    """Exports go by themselves some time after they have ended."""
    return await service.page(caller.user_id, limit=limit, cursor=cursor)


@router.get("/{export_id}", summary="One export, and how far it is")
async def one(service: Service, caller: CurrentCaller, export_id: ExportId) -> Export:
    """Another person's is 404."""
    return await service.one(caller.user_id, export_id)


@router.post("/{export_id}/cancel", summary="Cancel an export")
async def cancel(service: Service, caller: CurrentCaller, export_id: ExportId) -> Export:
    """409 where it is ready or has failed."""
    return await service.cancel(caller.user_id, export_id)


@router.post("/{export_id}/link", summary="A link to download a ready export")
async def make_link(service: Service, caller: CurrentCaller, export_id: ExportId) -> DownloadLink:
    """Minutes long, and for its first holder only."""
    return await service.make_link(caller.user_id, export_id)


async def _who(request: Request) -> UserId | None:
    """Whose token the request carries, if any; a bad one is 401."""
    token = bearer_token(request)
    verifier: CallerVerifier = request.app.state.verifier
    return None if token is None else verifier.caller(token).user_id


Who = Annotated[UserId | None, Depends(_who)]
Holder = Annotated[str | None, Cookie(alias=COOKIE, include_in_schema=False)]
DOCUMENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}}, "description": "The document"},
    206: {"content": {"application/json": {}}, "description": "The part of it that Range asked for"},
}


@router.head("/download/{token}", summary="What a download link leads to; claims nothing", responses=DOCUMENT)
async def look(request: Request, token: str, who: Who, holder: Holder = None) -> Response:
    """The headers that a GET would have."""
    downloads: Downloads = request.app.state.downloads
    download = await downloads.open(token, Asker(holder, who, may_claim=False))
    return Response(headers={**_headers(download), "Content-Length": str(download.size)}, media_type="application/json")


@router.get("/download/{token}", summary="Download by a link", response_class=Response, responses=DOCUMENT)
async def fetch(
    *,
    request: Request,
    token: str,
    who: Who,
    holder: Holder = None,
    wanted: Annotated[str | None, Header(alias="Range")] = None,
    if_range: Annotated[str | None, Header()] = None,
) -> Response:
    """The first GET claims the link and sets a cookie; from then on that cookie, or the owner's token, is needed."""
    downloads: Downloads = request.app.state.downloads
    download = await downloads.open(token, Asker(holder, who, may_claim=True))
    try:
        part = asked_range(wanted, if_range, etag=download.etag, size=download.size)
    except RangeNotSatisfiableError:
        response = answer(ProblemError(problems.RANGE_NOT_SATISFIABLE))
        response.headers["Content-Range"] = f"bytes */{download.size}"
    else:
        response = _stream(downloads, download, part)
    if download.new_cookie is not None:
        _set_cookie(request, response, token, download)
    return response


def _stream(downloads: Downloads, download: Download, part: ByteRange | None) -> Response:
    headers = _headers(download)
    if part is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{download.size}"
    whole = part or ByteRange(0, download.size)
    return StreamingResponse(
        downloads.read(download, whole),
        status_code=200 if part is None else 206,
        headers={**headers, "Content-Length": str(whole.length)},
        media_type="application/json",
    )


def _headers(download: Download) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="{download.filename}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "Accept-Ranges": "bytes",
        "ETag": download.etag,
    }


def _set_cookie(request: Request, response: Response, token: str, download: Download) -> None:
    """Give the holder their cookie, for this link's path as the gateway has it, until the link ends."""
    settings: ExportSettings = request.app.state.settings
    clock: Clock = request.app.state.clock
    external = urlsplit(settings.external_url)
    left: timedelta = download.link_expires_at - clock.now()
    response.set_cookie(
        COOKIE,
        download.new_cookie or "",
        max_age=max(1, ceil(left.total_seconds())),
        path=f"{external.path.rstrip('/')}{DOWNLOAD_PATH}/{token}",
        secure=external.scheme == "https",
        httponly=True,
        samesite="lax",
    )
