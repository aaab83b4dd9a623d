"""The REST routes of the notification service."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from messaging_wire import problems
from messaging_wire.base import Page
from messaging_wire.ids import NotificationId, UserId
from messaging_wire.notification import Notification, NotificationUpdate, ReminderCreate

from messaging.kernel.errors import ProblemError
from messaging.kernel.identity import CurrentCaller
from messaging.kernel.paging import DEFAULT_LIMIT, Cursor, Limit
from messaging.notification.service import NotificationService

router = APIRouter(prefix="/api/notification")


async def _service(request: Request) -> NotificationService:
    service: NotificationService = request.app.state.notification
    return service


Service = Annotated[NotificationService, Depends(_service)]
Unread = Annotated[bool, Query(description="Only those that are not read yet")]


async def _only_me(caller: CurrentCaller, user_id: UUID) -> UserId:
    if user_id != caller.user_id:
        raise ProblemError(problems.NOT_FOUND)
    return caller.user_id


Me = Annotated[UserId, Depends(_only_me)]


@router.get("", summary="My notifications, the latest activity first")
async def list_notifications(
    service: Service, caller: CurrentCaller, unread: Unread = False, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[Notification]:
    """One open notification per conversation and kind tells of all that is unread there."""
    return await service.page(caller.user_id, unread=unread, limit=limit, cursor=cursor)


@router.get("/{user_id}", summary="The same list by my own id")
async def list_by_user(
    service: Service, me: Me, unread: Unread = False, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[Notification]:
    """Another person's id is 404."""
    return await service.page(me, unread=unread, limit=limit, cursor=cursor)


@router.post("", status_code=201, summary="A reminder to myself, now or at a time")
async def remind(service: Service, caller: CurrentCaller, body: ReminderCreate, response: Response) -> Notification:
    """A repeated `client_id` gives 200 and the same one. With `at` it is listed from that time on."""
    notification, is_new = await service.remind(caller.user_id, body)
    if not is_new:
        response.status_code = 200
    return notification


@router.put("/read-all", status_code=204, summary="Mark all my notifications read")
async def mark_all(service: Service, caller: CurrentCaller) -> None:
    """Nothing is answered."""
    await service.mark_all(caller.user_id)


@router.put("/{notification_id}", summary="Mark a notification read or unread")
async def mark(
    service: Service, caller: CurrentCaller, notification_id: NotificationId, body: NotificationUpdate
) -> Notification:
    """409 where it shall be unread and a newer one of its conversation is."""
    return await service.mark(caller.user_id, notification_id, read=body.read)


@router.delete("/all/{user_id}", status_code=204, summary="Remove all my notifications")
async def remove_all(service: Service, me: Me) -> None:
    """Reminders that wait for their time stay."""
    await service.remove_all(me)


@router.delete("/{notification_id}", status_code=204, summary="Remove a notification, or a reminder that waits")
async def remove(service: Service, caller: CurrentCaller, notification_id: NotificationId) -> None:
    """404 where it is gone already."""
    await service.remove(caller.user_id, notification_id)
