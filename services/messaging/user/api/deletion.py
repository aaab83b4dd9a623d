"""The route that deletes one's account by way of the user service; auth has the account."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from messaging_wire import problems
from messaging_wire.auth import AccountDelete, DeletionReceipt

from messaging.kernel.errors import ProblemError
from messaging.kernel.identity import CurrentCaller, bearer_token
from messaging.user.api.dependencies import Service

router = APIRouter(prefix="/api/user")


@router.delete("/{user_id}", status_code=202, summary="Delete my account")
async def delete_account(
    user_id: UUID, body: AccountDelete, caller: CurrentCaller, service: Service, *, request: Request, response: Response
) -> DeletionReceipt:
    """The same as POST /auth/account/delete, to which it is handed on with the caller's token; another's is 403."""
    if user_id != caller.user_id:
        await service.profiles.by_id(caller, user_id)
        raise ProblemError(problems.FORBIDDEN, "only its owner may delete an account")
    response.headers["Cache-Control"] = "no-store"
    return await service.accounts.delete(
        body,
        token=bearer_token(request) or "",
        forwarded_for=", ".join(request.headers.getlist("x-forwarded-for")),
    )
