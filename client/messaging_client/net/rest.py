"""The platform's REST calls, typed by the wire package; when a token has ended, it is renewed and the call repeated."""

from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import quote
from uuid import UUID

import httpx
from messaging_wire.auth import (
    AccountDelete,
    AuthConfig,
    DeletionProgress,
    DeletionQuery,
    DeletionReceipt,
    LoginRequest,
    SignedIn,
    SignUpRequest,
)
from messaging_wire.base import Page, Request
from messaging_wire.conversation import (
    Conversation,
    ConversationCreate,
    ConversationDetail,
    Invitation,
    InvitationAnswer,
    JoinRequest,
    LevelUpdate,
    Me,
    Member,
    MemberAdd,
    ReceiptUpdate,
    SentInvitation,
)
from messaging_wire.message import Message, MessagePage, SendRequest
from messaging_wire.notification import Notification
from messaging_wire.user import Profile
from pydantic import BaseModel

from messaging_client.errors import InvalidTokenError
from messaging_client.net.session import Session
from messaging_client.net.transport import Query, Transport, decode

AnswerModel = TypeVar("AnswerModel", bound=BaseModel)

PAGE_LIMIT = 200
"""The most that one page of a list may hold."""


class Rest:
    """One person's calls to one gateway. Every method raises what `errors` lists."""

    def __init__(self, transport: Transport, session: Session) -> None:
        self._transport = transport
        self.session = session

    @property
    def base_url(self) -> str:
        """The gateway's address."""
        return self._transport.base_url

    async def config(self) -> AuthConfig:
        """What a client must know before anybody has signed in."""
        return decode(await self._transport.exchange("GET", "/auth/config"), AuthConfig)

    async def sign_up(self, request: SignUpRequest) -> SignedIn:
        """Make an account and, unless its address must be verified first, hold its session."""
        return await self._begin("/auth/signUp", request)

    async def log_in(self, request: LoginRequest) -> SignedIn:
        """Begin a session and hold it."""
        return await self._begin("/auth/login", request)

    async def log_out(self) -> None:
        """End the session on the platform and forget its tokens."""
        await self._signed("POST", "/auth/logout")
        self.session.end()

    async def delete_account(self, request: AccountDelete) -> DeletionReceipt:
        """End one's account for good and forget its tokens; the receipt tells how far the removal is."""
        receipt = decode(await self._signed("POST", "/auth/account/delete", body=request), DeletionReceipt)
        self.session.end()
        return receipt

    async def deletion(self, receipt: str) -> DeletionProgress:
        """How far the removal of a deleted account is; needs no session."""
        body = DeletionQuery.model_validate({"receipt": receipt})
        return decode(await self._transport.exchange("POST", "/auth/account/deletion", body=body), DeletionProgress)

    async def me(self) -> Profile:
        """One's own profile."""
        return decode(await self._signed("GET", "/user/me"), Profile)

    async def profiles(self, ids: Sequence[UUID]) -> list[Profile]:
        """The profiles of up to 100 people; unknown ones are left out."""
        params = {"ids": ",".join(str(user_id) for user_id in ids)}
        return decode(await self._signed("GET", "/user", params=params), Page[Profile]).items

    async def profile_of(self, username: str) -> Profile:
        """The profile of a user name."""
        return decode(await self._signed("GET", f"/user/by-username/{quote(username, safe='')}"), Profile)

    async def conversations(self) -> list[Conversation]:
        """All of one's conversations, latest activity first."""
        return await self._all("/conversation", Page[Conversation])

    async def conversation(self, conversation_id: UUID) -> ConversationDetail:
        """One conversation with up to 50 members and its latest messages."""
        return decode(await self._signed("GET", f"/conversation/{conversation_id}"), ConversationDetail)

    async def create(self, request: ConversationCreate) -> Conversation:
        """Make a conversation; with a `client_id` a repeat gives the same one."""
        return decode(await self._signed("POST", "/conversation", body=request), Conversation)

    async def join(self, join_code: str) -> Conversation:
        """Join a group by its code."""
        request = JoinRequest(join_code=join_code)
        return decode(await self._signed("POST", "/conversation/join", body=request), Conversation)

    async def add(self, conversation_id: UUID, user_id: UUID) -> Member | SentInvitation:
        """Bring somebody into a group: a contact comes in at once, anybody else is invited."""
        body = MemberAdd.model_validate({"user_id": user_id})
        response = await self._signed("POST", f"/conversation/{conversation_id}/members", body=body)
        return decode(response, SentInvitation) if response.status_code == 202 else decode(response, Member)

    async def invitations(self) -> list[Invitation]:
        """All invitations that wait for one's answer, the latest first."""
        return await self._all("/conversation/invitations", Page[Invitation])

    async def accept(self, conversation_id: UUID) -> Conversation:
        """Come into a group that one is invited into."""
        path, body = f"/conversation/invitations/{conversation_id}", InvitationAnswer(accept=True)
        return decode(await self._signed("PUT", path, body=body), Conversation)

    async def decline(self, conversation_id: UUID) -> None:
        """Decline an invitation."""
        path, body = f"/conversation/invitations/{conversation_id}", InvitationAnswer(accept=False)
        await self._signed("PUT", path, body=body)

    async def set_level(self, conversation_id: UUID, update: LevelUpdate) -> Me:
        """Choose what one is told of in a conversation."""
        return decode(await self._signed("PUT", f"/conversation/{conversation_id}/notifications", body=update), Me)

    async def members(self, conversation_id: UUID) -> list[Member]:
        """Everybody in a conversation."""
        return await self._all(f"/conversation/{conversation_id}/members", Page[Member])

    async def remove(self, conversation_id: UUID, user_id: UUID) -> None:
        """Remove somebody from a conversation, or leave it oneself."""
        await self._signed("DELETE", f"/conversation/{conversation_id}/members/{user_id}")

    async def messages(
        self,
        conversation_id: UUID,
        *,
        after_seq: int | None = None,
        before_seq: int | None = None,
        limit: int = 50,
    ) -> MessagePage:
        """A page of history, ascending by `seq`; without a place to begin, the newest."""
        params: dict[str, int] = {"limit": limit}
        if after_seq is not None:
            params["after_seq"] = after_seq
        if before_seq is not None:
            params["before_seq"] = before_seq
        response = await self._signed("GET", f"/conversation/{conversation_id}/messages", params=params)
        return decode(response, MessagePage)

    async def send(self, request: SendRequest) -> Message:
        """Send a message; repeating it with the same `client_message_id` never makes a second one."""
        return decode(await self._signed("POST", "/message", body=request), Message)

    async def mark(self, conversation_id: UUID, update: ReceiptUpdate) -> None:
        """Say how far one has received and read."""
        await self._signed("PUT", f"/conversation/{conversation_id}/receipt", body=update)

    async def notifications(self) -> list[Notification]:
        """All of one's notifications, newest first."""
        return await self._all("/notification", Page[Notification])

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.close()

    async def _begin(self, path: str, request: Request) -> SignedIn:
        answer = decode(await self._transport.exchange("POST", path, body=request), SignedIn)
        self.session.begin(answer)
        return answer

    async def _signed(
        self, method: str, path: str, *, body: Request | None = None, params: Query | None = None
    ) -> httpx.Response:
        token = await self.session.access_token()
        try:
            return await self._transport.exchange(method, path, body=body, params=params, token=token)
        except InvalidTokenError:
            token = await self.session.renew(token)
        return await self._transport.exchange(method, path, body=body, params=params, token=token)

    async def _all(self, path: str, page_model: type[Page[AnswerModel]]) -> list[AnswerModel]:
        items: list[AnswerModel] = []
        params: dict[str, str | int | bool] = {"limit": PAGE_LIMIT}
        while True:
            page = decode(await self._signed("GET", path, params=params), page_model)
            items += page.items
            if page.next_cursor is None:
                return items
            params["cursor"] = page.next_cursor
