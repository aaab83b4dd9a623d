"""What travels by REST about exports."""

from typing import Literal
from uuid import UUID

from messaging_wire.base import Answer, Request, Time
from messaging_wire.ids import ConversationId, ExportId

ExportOption = Literal["csv", "json", "pdf"]
ExportState = Literal["queued", "running", "ready", "failed", "cancelled"]


class ExportCreate(Request):
    """Body of POST /dataexport/export-data?option=."""

    conversation_id: ConversationId
    client_id: UUID | None = None


class Export(Answer):
    """An export and how far it is; `progress` runs from 0 to 1.

    `failure` says why a failed one failed: `conversation-gone`, `not-allowed`, `too-large`, `no-space`, `given-up`.
    """

    id: ExportId
    option: ExportOption
    scope: str
    state: ExportState
    progress: float
    size_bytes: int | None = None
    failure: str | None = None
    created_at: Time
    expires_at: Time | None = None


class DownloadLink(Answer):
    """Answer of POST /dataexport/{id}/link: a signed link, minutes long, good for one holder."""

    url: str
    expires_at: Time
