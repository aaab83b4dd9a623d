"""Taking in messages and their changes: which are new, what they say now, and whom they mention."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from messaging_wire.events import MessageCreated, MessageUpdated
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.notification.blocks import Blocks, Place, keys_of
from messaging.notification.changes import preview
from messaging.notification.items import Item
from messaging.notification.store import blocks as store
from messaging.notification.store.blocks import Said, Text


@dataclass
class Taken:
    """What came of the events of one batch."""

    blocks: Blocks = field(default_factory=Blocks)
    items: list[Item] = field(default_factory=list)
    """What people are to be told of."""
    replaced: dict[Place, str] = field(default_factory=dict)
    """Texts that are to replace those that are shown."""


async def take_in(
    session: AsyncSession, sent: Sequence[MessageCreated], updated: Sequence[MessageUpdated], now: datetime
) -> Taken:
    """Note messages and their changes, each once; an older change than what is known mentions, but replaces no text."""
    taken = Taken()
    await store.load(session, keys_of({*map(_place, sent), *map(_place, updated)}), taken.blocks)
    fresh = {place: message for message in sent if taken.blocks.take(place := _place(message))}
    texts = await _texts(session, taken, fresh, updated, now)
    taken.items = [_item(message, texts.get(place)) for place, message in fresh.items()]
    said: set[Said] = {(item.conversation_id, user, item.seq) for item in taken.items for user in item.mentions}
    if updated:
        named = await _newly_mentioned(session, taken, fresh, updated, texts)
        said |= {(item.conversation_id, user, item.seq) for item in named for user in item.mentions}
        taken.items += named
    await store.save_mentions(session, said, now)
    await store.save(session, taken.blocks, now)
    return taken


async def _texts(
    session: AsyncSession,
    taken: Taken,
    fresh: dict[Place, MessageCreated],
    updated: Sequence[MessageUpdated],
    now: datetime,
) -> dict[Place, Text]:
    """The newest texts of those of the messages that have been changed; new ones are saved."""
    concerned = {*fresh, *map(_place, updated)}
    texts = await store.texts_of(session, [place for place in concerned if taken.blocks.is_changed(place)])
    for change in updated:
        place = _place(change)
        known = texts.get(place, Text(-1, ""))
        known.mentions |= frozenset(change.mentions)
        if known.rev < change.version:
            known.rev, known.preview = change.version, "" if change.deleted else preview(change.content)
            if place not in fresh:
                taken.replaced[place] = known.preview
        texts[place] = known
        taken.blocks.note_change(place)
    await store.save_texts(session, {place: texts[place] for place in map(_place, updated)}, now)
    return texts


def _item(message: MessageCreated, text: Text | None) -> Item:
    """What is told of a new message, by its newest text."""
    return Item(
        conversation_id=message.conversation_id,
        seq=message.seq,
        message_id=message.message_id,
        sender_id=message.sender_id,
        sender_name=message.sender_username,
        preview=preview(message.content) if text is None else text.preview,
        mentions=frozenset(message.mentions) | (text.mentions if text is not None else frozenset()),
    )


async def _newly_mentioned(
    session: AsyncSession,
    taken: Taken,
    fresh: Iterable[Place],
    updated: Sequence[MessageUpdated],
    texts: Mapping[Place, Text],
) -> list[Item]:
    """What is told of edits, to those whom nothing mentioned there before; a message yet to come tells itself."""
    told = set(fresh)
    edits = [
        edit for edit in updated if edit.mentions and _place(edit) not in told and taken.blocks.is_sent(_place(edit))
    ]
    ranges = [(edit.conversation_id, user, edit.seq, edit.seq) for edit in edits for user in edit.mentions]
    known, _ = await store.said_to(session, ranges)
    items: list[Item] = []
    for edit in edits:
        new = frozenset(user for user in edit.mentions if (edit.conversation_id, user, edit.seq) not in known)
        known |= {(edit.conversation_id, user, edit.seq) for user in new}
        if new:
            items.append(_edit_item(edit, new, texts[_place(edit)]))
    return items


def _edit_item(edit: MessageUpdated, new: frozenset[UUID], newest: Text) -> Item:
    return Item(
        conversation_id=edit.conversation_id,
        seq=edit.seq,
        message_id=edit.message_id,
        sender_id=edit.sender_id,
        sender_name=edit.sender_username,
        preview=newest.preview,
        mentions=new,
        only=new,
    )


def _place(event: MessageCreated | MessageUpdated) -> Place:
    return event.conversation_id, event.seq
