"""Routes about reports to the administrators."""

from fastapi import APIRouter, Response
from messaging_wire.base import Page
from messaging_wire.user import Report, ReportCreate

from messaging.kernel.identity import CurrentCaller
from messaging.kernel.paging import DEFAULT_LIMIT, Cursor, Limit
from messaging.user.api.dependencies import Service

router = APIRouter(prefix="/api/user/reports")


@router.post("", status_code=201, summary="Report a person or a message to the administrators")
async def report(body: ReportCreate, caller: CurrentCaller, service: Service, response: Response) -> Report:
    """Of the same again gives 200 and the first report."""
    made, is_new = await service.reports.report(caller, body)
    if not is_new:
        response.status_code = 200
    return made


@router.get("", summary="Everybody's reports, for administrators")
async def list_reports(
    caller: CurrentCaller, service: Service, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[Report]:
    """Newest first."""
    return await service.reports.page(caller, limit=limit, cursor=cursor)
