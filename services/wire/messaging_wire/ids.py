"""Identifiers: UUIDs, version 7 where the platform makes them, each kind with a type of its own."""

from typing import NewType
from uuid import UUID

UserId = NewType("UserId", UUID)
SessionId = NewType("SessionId", UUID)
ConversationId = NewType("ConversationId", UUID)
MessageId = NewType("MessageId", UUID)
ClientMessageId = NewType("ClientMessageId", UUID)
NotificationId = NewType("NotificationId", UUID)
ExportId = NewType("ExportId", UUID)
ReportId = NewType("ReportId", UUID)
EventId = NewType("EventId", UUID)
