"""What travels by REST to and from the auth service."""

from typing import Annotated, Literal

from pydantic import EmailStr, Field, SecretStr, StringConstraints

from messaging_wire.base import Answer, Request, Time
from messaging_wire.ids import ConversationId, ExportId, UserId

USERNAME_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{1,48})[A-Za-z0-9]$"
Username = Annotated[str, StringConstraints(min_length=3, max_length=50, pattern=USERNAME_PATTERN)]
"""3 to 50 of `A-Za-z0-9._-`, first and last a letter or digit; unique without regard to case."""

Password = Annotated[SecretStr, Field(min_length=8, max_length=128)]
KeptMessages = Literal["keep", "delete"]
SignUpMode = Literal["open", "invite", "closed"]


class SignUpRequest(Request):
    """Body of POST /auth/signUp."""

    username: Username
    email: EmailStr = Field(max_length=254)
    password: Password
    invitation: str | None = Field(default=None, max_length=200)


class LoginRequest(Request):
    """Body of POST /auth/login; `login` is a user name or a verified e-mail address."""

    login: str = Field(min_length=1, max_length=254)
    password: SecretStr = Field(min_length=1, max_length=128)
    totp_code: str | None = Field(default=None, max_length=32)


class RefreshRequest(Request):
    """Body of POST /auth/refresh and, optionally, of POST /auth/logout."""

    refresh_token: SecretStr = Field(min_length=1, max_length=512)


class Tokens(Answer):
    """A pair of tokens; lifetimes are in seconds."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the scheme's name, not a secret
    expires_in: int
    refresh_token: str
    refresh_expires_in: int


class Account(Answer):
    """One's own account."""

    id: UserId
    username: str
    email: str
    email_verified: bool


class SignedIn(Answer):
    """Answer of sign-up and log-in; `tokens` is absent where the address must be verified first."""

    user: Account
    tokens: Tokens | None = None


class Refreshed(Answer):
    """Answer of POST /auth/refresh."""

    tokens: Tokens


class OidcProvider(Answer):
    """A provider that people may sign in with."""

    id: str
    name: str


class Limits(Answer):
    """The limits that a client should know before it sends."""

    message_length: int = 4000
    title_length: int = 100
    sync_conversations: int = 200


class AuthConfig(Answer):
    """Answer of GET /auth/config: what a client must know before anybody has signed in."""

    sign_up: SignUpMode
    email_verification: bool
    oidc: list[OidcProvider]
    limits: Limits
    capabilities: list[str]
    epoch: str
    version: str
    min_client_version: str


class Session(Answer):
    """One signed-in session of the asking person."""

    id: str
    created_at: Time
    last_used_at: Time
    user_agent: str
    ip: str
    current: bool


class AccountDelete(Request):
    """Body of POST /auth/account/delete and DELETE /user/{id}; what becomes of one's messages is one's choice."""

    password: SecretStr = Field(min_length=1, max_length=128)
    messages: KeptMessages


class DeletionReceipt(Answer):
    """Answer of POST /auth/account/delete: what the person, who can sign in no more, asks about the progress with."""

    receipt: str


class DeletionQuery(Request):
    """Body of POST /auth/account/deletion."""

    receipt: SecretStr = Field(min_length=1, max_length=512)


class DeletionPart(Answer):
    """One service's part of a deletion."""

    service: str
    state: Literal["pending", "done"]
    done_at: Time | None = None


class DeletionProgress(Answer):
    """Answer of POST /auth/account/deletion: how far each service is."""

    messages: KeptMessages
    requested_at: Time
    services: list[DeletionPart]


class Revocation(Answer):
    """An entry of the revocation feed: tokens issued before `not_before` to a session, or to a whole user, are void.

    `position` orders the feed; an entry may be forgotten after `expires_at`.
    """

    position: int
    user_id: UserId
    session_id: str | None = None
    not_before: Time
    expires_at: Time


class RevocationPage(Answer):
    """Answer of GET /internal/revocations?after=: entries in ascending position, and the epoch of /auth/config."""

    items: list[Revocation]
    last_position: int
    epoch: str = ""


ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - RFC 8693's name
GRANT_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:jwt"  # noqa: S105


class GrantRequest(Request):
    """Body of POST /internal/token: a caller's access token for a first grant, or a grant to have it renewed.

    RFC 8693's names, as JSON; `conversation_id` and `export_id` bind the grant. A renewed one keeps its binding, so
    both must be the same again.
    """

    grant_type: Literal["urn:ietf:params:oauth:grant-type:token-exchange"] = (
        "urn:ietf:params:oauth:grant-type:token-exchange"
    )
    subject_token: SecretStr = Field(min_length=1, max_length=8192)
    subject_token_type: Literal[
        "urn:ietf:params:oauth:token-type:access_token", "urn:ietf:params:oauth:token-type:jwt"
    ] = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105
    conversation_id: ConversationId
    export_id: ExportId


class Grant(Answer):
    """A read-only token for one export (RFC 8693 token exchange)."""

    access_token: str
    issued_token_type: str = GRANT_TOKEN_TYPE
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_in: int
