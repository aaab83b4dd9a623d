"""The message service put together."""

from collections.abc import Sequence
from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.outbox import Outbox
from messaging.kernel.pipeline import Pipelines
from messaging.kernel.purging import Purging
from messaging.kernel.service import Parts, Runtime
from messaging.kernel.settings import load_settings
from messaging.kernel.tokens import TokenVerifier
from messaging.kernel.topology import MESSAGE_DELETIONS
from messaging.message import api, internal, snapshots
from messaging.message.batches import GroupCommit, Store
from messaging.message.clearing import Clearing
from messaging.message.consumers import PeopleConsumer
from messaging.message.delivery import Delivery
from messaging.message.news import NewMessages
from messaging.message.parts import MessageParts
from messaging.message.presence import PresenceBoard
from messaging.message.purging import PersonPurge
from messaging.message.rates import Allowance
from messaging.message.service.admission import Admission
from messaging.message.service.catchup import CatchUpService
from messaging.message.service.change import Changer
from messaging.message.service.conversations import ConversationService
from messaging.message.service.creation import CreationService
from messaging.message.service.exporting import ExportService
from messaging.message.service.feed import FeedService
from messaging.message.service.fellows import FellowService
from messaging.message.service.guesses import Guesses
from messaging.message.service.invitations import InvitationService
from messaging.message.service.levels import LevelService
from messaging.message.service.membership import MembershipService
from messaging.message.service.messages import MessageService
from messaging.message.service.pins import PinService
from messaging.message.service.reactions import ReactionService
from messaging.message.service.receipts import ReceiptService
from messaging.message.service.sending import Outcome, Send, store_sends
from messaging.message.settings import MessageSettings
from messaging.message.sockets import PATH, MessageSockets


def load() -> MessageSettings:
    """Read the service's settings.

    Raises:
        ConfigurationError: a value is missing or wrong.
    """
    return load_settings(MessageSettings)


def build(runtime: Runtime) -> Parts:
    """Put the service together."""
    hub = runtime.socket_hub(PATH)
    delivery = Delivery(hub, runtime.bus, runtime.database)
    pipelines = Pipelines(runtime.database)
    parts = make_parts(runtime, delivery, pipelines)
    MessageSockets(hub, parts)
    presence = PresenceBoard(hub, runtime.bus, runtime.database, runtime.clock)
    purging = Purging(runtime, PersonPurge(runtime.outbox, delivery, runtime.clock).page)
    grants = TokenVerifier(
        issuer=runtime.settings.external_url,
        keys=runtime.trust.keys,
        clock=runtime.clock,
        audience=internal.GRANT_AUDIENCE,
        token_type=internal.GRANT_TYPE,
    )
    return Parts(
        routers=[api.messages, api.invitations, api.conversations, api.members],
        internal=[internal.router, internal.fellows],
        state={
            "message": parts,
            "exports": ExportService(runtime.database),
            "grants": grants,
            "fellows": FellowService(runtime.database),
        },
        consumers=[
            PeopleConsumer(runtime.database, runtime.clock, presence.tell_again).consumer(),
            purging.consumer(MESSAGE_DELETIONS),
        ],
        tasks=[
            pipelines.run,
            parts.commits.run,
            parts.receipts.run,
            delivery.run,
            presence.run,
            Clearing(runtime.database, runtime.clock).run,
            purging.run,
        ],
        sockets=hub,
    )


def make_parts(runtime: Runtime, delivery: Delivery, pipelines: Pipelines) -> MessageParts:
    """Make what routes and sockets call."""
    settings = runtime.settings
    assert isinstance(settings, MessageSettings)  # noqa: S101 - `load` makes them
    changer = Changer(runtime.database, runtime.outbox, delivery, runtime.clock)
    admission = admission_of(settings)
    return MessageParts(
        conversations=ConversationService(changer),
        creation=CreationService(changer, admission),
        membership=MembershipService(changer, admission, Guesses(settings.join_attempts_per_min)),
        invitations=InvitationService(changer, admission),
        levels=LevelService(changer),
        messages=MessageService(changer, edit_within=settings.edit_within),
        feed=FeedService(runtime.database),
        reactions=ReactionService(changer),
        pins=PinService(changer),
        catch_up=CatchUpService(runtime.database, delivery, runtime.trust.revocations),
        receipts=ReceiptService(runtime.database, runtime.outbox, delivery),
        commits=GroupCommit(
            committer(runtime, pipelines),
            delivery.publish,
            lanes=settings.send_lanes,
            deadline=timedelta(seconds=settings.batch_deadline_s),
        ),
        delivery=delivery,
        rate=Allowance(rate_per_s=settings.send_rate_per_s, burst=settings.send_burst),
    )


def admission_of(settings: MessageSettings) -> Admission:
    """How people come into groups here."""
    return Admission(
        pace=Allowance(rate_per_s=settings.invitation_rate_per_min / 60, burst=settings.invitation_burst),
        max_members=settings.max_members,
        max_invitations=settings.max_invitations,
        max_invitations_per_person=settings.max_invitations_per_person,
    )


def committer(runtime: Runtime, pipelines: Pipelines) -> Store:
    """One transaction per batch of sends."""

    async def store(sends: Sequence[Send]) -> tuple[list[Outcome], list[NewMessages]]:
        async with pipelines.transaction() as pipeline:
            result = await store_sends(pipeline, runtime.outbox, sends, runtime.clock.now())
        runtime.outbox.wake()
        return result

    return store


async def republish(session: AsyncSession, outbox: Outbox) -> int:
    """Put snapshots of everything that the service owns on its outbox."""
    return await snapshots.republish(session, outbox)
