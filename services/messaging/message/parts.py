"""The parts of the message service that its routes and sockets call, put together by `app.py`."""

import asyncio
from dataclasses import dataclass

from messaging_wire import problems
from messaging_wire.message import SendRequest

from messaging.kernel.errors import ProblemError
from messaging.kernel.tokens import Caller
from messaging.message.batches import GroupCommit
from messaging.message.delivery import Delivery
from messaging.message.rates import Allowance
from messaging.message.service.catchup import CatchUpService
from messaging.message.service.conversations import ConversationService
from messaging.message.service.creation import CreationService
from messaging.message.service.feed import FeedService
from messaging.message.service.invitations import InvitationService
from messaging.message.service.levels import LevelService
from messaging.message.service.membership import MembershipService
from messaging.message.service.messages import MessageService
from messaging.message.service.pins import PinService
from messaging.message.service.reactions import ReactionService
from messaging.message.service.receipts import ReceiptService
from messaging.message.service.sending import Send, Sent


@dataclass(frozen=True)
class MessageParts:
    """One of each."""

    conversations: ConversationService
    creation: CreationService
    membership: MembershipService
    invitations: InvitationService
    levels: LevelService
    messages: MessageService
    feed: FeedService
    reactions: ReactionService
    pins: PinService
    catch_up: CatchUpService
    receipts: ReceiptService
    commits: GroupCommit
    delivery: Delivery
    rate: Allowance

    def send(self, caller: Caller, request: SendRequest) -> asyncio.Future[Sent]:
        """Queue a message, synchronously; the future has its outcome once it is stored durably.

        Raises:
            ProblemError: 429 above the person's rate, 503 where too much is queued.
        """
        self.take_turn(caller)
        return self.commits.submit(Send(caller.user_id, caller.username, request))

    def take_turn(self, caller: Caller) -> None:
        """Count a message, or a change of one or of a conversation, towards the person's rate.

        Raises:
            ProblemError: 429 above it.
        """
        wait = self.rate.try_to_take(caller.user_id)
        if wait is not None:
            raise ProblemError(problems.TOO_MANY_REQUESTS, "too many messages and changes", retry_after=wait)
