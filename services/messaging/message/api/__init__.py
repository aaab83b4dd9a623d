"""The routes of the message service, under /api/message and /api/conversation."""

from messaging.message.api.conversations import router as conversations
from messaging.message.api.invitations import router as invitations
from messaging.message.api.members import router as members
from messaging.message.api.messages import router as messages

__all__ = ["conversations", "invitations", "members", "messages"]
