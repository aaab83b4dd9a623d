"""Messages told to the members of their conversations, and reading: what is open is opened, advanced, counted, closed.

One pass over everybody whom a batch concerns, in the state that it ends in: who reads and is told again in the same
batch keeps the notification that they have.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.ids import new_id
from messaging.notification.blocks import Blocks
from messaging.notification.changes import AnyChange, Change, ChangeEvent, CrowdChange
from messaging.notification.counting import Recount, count_anew
from messaging.notification.items import Item, Topic
from messaging.notification.levels import wants
from messaging.notification.store import blocks as block_store
from messaging.notification.store import crowds as crowd_store
from messaging.notification.store import readers as store
from messaging.notification.store.activity import MEMBERS_AT_ONCE, Conversation, Pair
from messaging.notification.store.readers import KINDS, Kind, Open, Reader, Shown


@dataclass
class Outcome:
    """What a batch comes to."""

    shown: list[Shown] = field(default_factory=list)
    counted: list[Open] = field(default_factory=list)
    closed: list[UUID] = field(default_factory=list)
    changes: list[AnyChange] = field(default_factory=list)
    skips: list[block_store.Said] = field(default_factory=list)
    recounts: list[Recount] = field(default_factory=list)
    read: dict[Pair, int] = field(default_factory=dict)


class FanOut:
    """Works off one batch, whose messages have just been noted."""

    def __init__(
        self, session: AsyncSession, known: Mapping[UUID, Conversation], blocks: Blocks, *, now: datetime
    ) -> None:
        self._session = session
        self._known = known
        self._blocks = blocks
        self._now = now
        self._topics: dict[UUID, Topic] = {}
        self._advances: Mapping[Pair, int] = {}
        self._blockers: set[Pair] = set()
        self._out = Outcome()

    async def tell(self, items: Iterable[Item], advances: Mapping[Pair, int]) -> list[AnyChange]:
        """Tell of messages, and move read positions forward; return the changes."""
        by_conversation: dict[UUID, list[Item]] = {}
        for item in items:
            by_conversation.setdefault(item.conversation_id, []).append(item)
        self._topics = {key: Topic(found) for key, found in by_conversation.items()}
        self._advances = advances
        await self._find_blockers()
        wanted = [key for key, topic in self._topics.items() if topic.is_sent_in]
        crowds = await crowd_store.crowds_among(self._session, wanted)
        met = await self._settle_members([key for key in wanted if key not in crowds])
        for key in sorted(crowds):
            met |= await self._settle_crowd(self._topics[key])
        await self._settle_named(met)
        await self._count_anew()
        await self._save()
        return self._out.changes

    async def _find_blockers(self) -> None:
        senders = {item.sender_id for topic in self._topics.values() for item in topic.items}
        known = {sender for sender in senders if sender is not None}
        if known:
            self._blockers = await store.blockers(self._session, known, self._topics)

    async def _settle_members(self, wanted: Sequence[UUID]) -> set[Pair]:
        """Settle all members of conversations; return who that is."""
        met: set[Pair] = set()
        after: Pair | None = None
        while True:
            page = await store.members_of(self._session, wanted, after)
            met |= self._settle_all(page)
            if len(page) < MEMBERS_AT_ONCE:
                return met
            after = (page[-1].conversation_id, page[-1].user_id)

    async def _settle_crowd(self, topic: Topic) -> set[Pair]:
        """Settle who is not like most in a conversation of many, and tell the others by one statement."""
        told = self._told_to_crowd(topic)
        met: set[Pair] = set()
        after: UUID | None = None
        while True:
            page = await crowd_store.others_in(self._session, told, after)
            met |= self._settle_all(page)
            if len(page) < MEMBERS_AT_ONCE:
                break
            after = page[-1].user_id
        await crowd_store.tell_simple(self._session, told)
        self._out.changes.append(CrowdChange(told.conversation_id, told.first))
        return met

    def _told_to_crowd(self, topic: Topic) -> crowd_store.Told:
        items = [item for item in topic.items if item.only is None]
        first, last = items[0], items[-1]
        special = {user for item in topic.items for user in item.mentions}
        special |= {user for key, user in self._advances if key == last.conversation_id}
        special |= {user for user, _ in self._blockers}
        return crowd_store.Told(
            conversation_id=last.conversation_id,
            first=first.seq,
            last=last.seq,
            count=len(items),
            message_id=last.message_id,
            title=self._known[last.conversation_id].title or last.sender_name,
            message=last.preview,
            special=frozenset(special),
            at=self._now,
        )

    def _settle_all(self, page: Sequence[Reader]) -> set[Pair]:
        for reader in page:
            self._settle(reader)
        return {(reader.conversation_id, reader.user_id) for reader in page}

    async def _settle_named(self, met: set[Pair]) -> None:
        """Settle those who have read something, or are mentioned by an edit, and have not been met."""
        pairs = {pair for pair in self._advances if pair not in met}
        for key, topic in self._topics.items():
            pairs |= {(key, user) for item in topic.items for user in item.only or () if (key, user) not in met}
        unknown = set(pairs)
        for reader in await store.named(self._session, pairs) if pairs else ():
            self._settle(reader)
            unknown.discard((reader.conversation_id, reader.user_id))
        self._out.read |= {pair: self._advances[pair] for pair in unknown if pair in self._advances}

    def _settle(self, reader: Reader) -> None:
        pair = (reader.conversation_id, reader.user_id)
        advance = self._advances.get(pair, 0)
        if advance > reader.read_seq:
            self._out.read[pair] = reader.read_seq = advance
        elif pair[0] not in self._topics:
            return
        told = self._told(reader)
        for kind in KINDS:
            if told[kind] or kind in reader.open:
                self._settle_kind(reader, kind, told[kind])

    def _told(self, reader: Reader) -> dict[Kind, list[Item]]:
        """What a member is told of, by kind."""
        told: dict[Kind, list[Item]] = {"message": [], "mention": []}
        topic = self._topics.get(reader.conversation_id)
        if topic is None or not reader.is_member:
            return told
        first = bisect_right(topic.seqs, reader.read_seq)
        for item in topic.items[first:]:
            kind = self._kind(reader, item)
            if kind is not None and item.seq > reader.closed[kind]:
                told[kind].append(item)
        return told

    def _kind(self, reader: Reader, item: Item) -> Kind | None:
        """As what a member is told of a message, or None."""
        user = reader.user_id
        if item.only is not None and user not in item.only:
            return None
        if item.sender_id is not None and (user, item.sender_id) in self._blockers:
            self._out.skips += [(item.conversation_id, user, item.seq)] if reader.open else []
            return None
        kind: Kind = "mention" if user in item.mentions else "message"
        return kind if wants(reader, kind, self._now) else None

    def _settle_kind(self, reader: Reader, kind: Kind, told: Sequence[Item]) -> None:
        row = reader.open.get(kind)
        floor = max(reader.read_seq, reader.closed[kind])
        if row is None:
            self._show(reader, kind, new_id(), told, first=told[0].seq, count=len(told))
        elif floor >= row.last_seq and told:
            self._show(reader, kind, row.id, told, first=told[0].seq, count=len(told))
        elif floor >= row.last_seq:
            self._close(reader, row)
        elif floor >= row.first_seq or self._moves_out(reader, kind, row):
            self._out.recounts.append(Recount(reader, kind, row, told, floor))
        elif told:
            self._advance(reader, kind, row, told)

    def _moves_out(self, reader: Reader, kind: Kind, row: Open) -> bool:
        """Whether a message that is counted as such has become a mention by an edit."""
        topic = self._topics.get(reader.conversation_id)
        return (
            kind == "message"
            and topic is not None
            and any(
                item.only is not None and reader.user_id in item.only and row.first_seq <= item.seq <= row.last_seq
                for item in topic.items
            )
        )

    def _advance(self, reader: Reader, kind: Kind, row: Open, told: Sequence[Item]) -> None:
        first, count = min(row.first_seq, told[0].seq), row.count + len(told)
        if told[-1].seq > row.last_seq:
            self._show(reader, kind, row.id, told, first=first, count=count)
        else:
            self._out.counted.append(Open(row.id, first, row.last_seq, count))
            self._change("notification", reader, row.id)

    def _show(self, reader: Reader, kind: Kind, key: UUID, told: Sequence[Item], *, first: int, count: int) -> None:
        last = told[-1]
        title = self._known[last.conversation_id].title or last.sender_name
        self._out.shown.append(
            Shown(
                key, reader.user_id, last.conversation_id, kind, last.message_id, first, last.seq, count, title,
                last.preview,
            )
        )  # fmt: skip
        self._change("notification", reader, key)

    def _close(self, reader: Reader, row: Open) -> None:
        self._out.closed.append(row.id)
        self._change("notification_updated", reader, row.id)

    def _change(self, event: ChangeEvent, reader: Reader, key: UUID) -> None:
        self._out.changes.append(Change(event, reader.user_id, key, reader.conversation_id))

    async def _count_anew(self) -> None:
        """Count what is left of notifications that were read in part."""
        if not self._out.recounts:
            return
        await block_store.save_skips(self._session, self._out.skips, self._now)
        self._out.skips.clear()
        for one, seqs in await count_anew(self._session, self._blocks, self._out.recounts):
            if not seqs:
                self._close(one.reader, one.row)
            elif one.told and one.told[-1].seq > one.row.last_seq:
                self._show(one.reader, one.kind, one.row.id, one.told, first=seqs[0], count=len(seqs))
            elif (seqs[0], len(seqs)) != (one.row.first_seq, one.row.count):
                self._out.counted.append(Open(one.row.id, seqs[0], one.row.last_seq, len(seqs)))
                self._change("notification_updated", one.reader, one.row.id)

    async def _save(self) -> None:
        out, session = self._out, self._session
        await block_store.save_skips(session, out.skips, self._now)
        await store.save_read(session, out.read)
        await store.close(session, out.closed, self._now)
        await store.recount(session, out.counted)
        await store.show(session, out.shown, self._now)
