"""The permission table of the message service: a row for every route and socket event, an answer for everybody.

`test_permissions.py` asks the service what stands here, and fails for a route or an event without a row.
docs/permissions.md is this table for readers: `python -m tests.messaging.message.permissions` writes it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PAGE = Path(__file__).parents[3] / "docs" / "permissions.md"

ROLES: Final = {
    "anonymous": "nobody: no token",
    "expired": "a token that has ended",
    "deleted": "an account that was deleted or disabled, or a session that was ended: its token is revoked",
    "stranger": "never in the conversation",
    "invited": "invited into the group, no answer yet",
    "ex_member": "was removed from it",
    "member": "a member of the group",
    "admin": "an admin of the group",
    "owner": "its owner",
    "blocked": "an admin of the group whom the others that the row is about have blocked",
    "gone": "the owner of a group that was deleted, who asks about that one",
}
WITHOUT_TOKEN: Final = ("anonymous", "expired", "deleted")


@dataclass(frozen=True)
class Row:
    """A route, or an event where `method` is `EVENT`; what is sent, and who gets what.

    `answers` are those to a stranger, an ex-member, a member, an admin and the owner. The invited get what strangers
    get, the blocked what admins get, and of a deleted group there is nothing, unless the row says otherwise. Whoever
    has no valid token gets 401; on a socket they cannot connect.

    In `path`: {id} the group, {direct} the direct conversation of `blocked` and `target`, {message} a message of
    `target` in the group, {direct_message} one of `blocked` in the direct one, {target} a member, {outsider} somebody
    unconnected, {waiting} somebody who is invited, {owner} the group's owner.
    """

    method: str
    path: str
    answers: tuple[int, int, int, int, int]
    body: Any = None
    note: str = ""
    invited: int | None = None
    blocked: int | None = None
    gone: int | None = None
    deleted: int = 401

    @property
    def name(self) -> str:
        """How it stands in the page and in the names of tests."""
        return f"{self.method} {self.path}" + (f" ({self.note})" if self.note else "")

    def expected(self) -> dict[str, int]:
        """The answer to each of `ROLES`."""
        stranger, ex_member, member, admin, owner = self.answers
        return dict.fromkeys(WITHOUT_TOKEN, 401) | {
            "deleted": self.deleted,
            "stranger": stranger,
            "invited": stranger if self.invited is None else self.invited,
            "ex_member": ex_member,
            "member": member,
            "admin": admin,
            "owner": owner,
            "blocked": admin if self.blocked is None else self.blocked,
            "gone": 404 if self.gone is None else self.gone,
        }


MEMBERS = (404, 404, 200, 200, 200)
ADMINS = (404, 404, 403, 200, 200)
ANYBODY = (200, 200, 200, 200, 200)
NOBODY = (404, 404, 404, 404, 404)
TEXT = {"content": "text"}
BEGIN = {"kind": "direct", "member_ids": ["{outsider}"]}

ROWS: Final = (
    Row("POST", "/conversation", (201, 201, 201, 201, 201), {"title": "Mine"}, gone=201),
    Row(
        "POST", "/conversation", (201, 201, 201, 201, 201), BEGIN, "a direct one with {outsider}", blocked=403, gone=201
    ),
    Row("GET", "/conversation", ANYBODY, gone=200),
    Row("GET", "/conversation/by-user-id/{owner}", (404, 404, 404, 404, 200)),
    Row("POST", "/conversation/join", NOBODY, {"join_code": "A" * 32}, "a wrong code"),
    Row("POST", "/conversation/join", ANYBODY, {"join_code": "{code}"}, "the group's code"),
    Row("GET", "/conversation/invitations", ANYBODY, gone=200),
    Row("PUT", "/conversation/invitations/{id}", NOBODY, {"accept": True}, "come in", invited=200),
    Row("PUT", "/conversation/invitations/{id}", NOBODY, {"accept": False}, "decline", invited=204),
    Row("GET", "/conversation/{id}", MEMBERS),
    Row("PUT", "/conversation/{id}", ADMINS, {"title": "New"}),
    Row("DELETE", "/conversation/{id}", (404, 404, 403, 403, 204)),
    Row("DELETE", "/conversation/{direct}", NOBODY, note="put aside for me", blocked=204),
    Row("POST", "/conversation/{id}/join-code", ADMINS),
    Row("DELETE", "/conversation/{id}/join-code", (404, 404, 403, 204, 204)),
    Row("GET", "/conversation/{id}/messages", MEMBERS),
    Row("GET", "/conversation/{id}/changes", MEMBERS),
    Row("GET", "/conversation/{id}/pins", MEMBERS),
    Row("GET", "/conversation/{id}/members", MEMBERS),
    Row("POST", "/conversation/{id}/members", (404, 404, 403, 202, 202), {"user_id": "{outsider}"}),
    Row("PUT", "/conversation/{id}/members/{target}", (404, 404, 403, 403, 200), {"role": "admin"}, "a role"),
    Row("PUT", "/conversation/{id}/members/{target}", (404, 404, 403, 403, 200), {"role": "owner"}, "hand over"),
    Row("DELETE", "/conversation/{id}/members/{target}", (404, 404, 403, 204, 204), note="remove a member"),
    Row("DELETE", "/conversation/{id}/members/{me}", (404, 404, 204, 204, 204), note="leave"),
    Row("GET", "/conversation/{id}/invitations", ADMINS),
    Row("DELETE", "/conversation/{id}/invitations/{waiting}", (404, 404, 403, 204, 204)),
    Row("PUT", "/conversation/{id}/notifications", MEMBERS, {"level": "mentions"}),
    Row("PUT", "/conversation/{id}/receipt", MEMBERS, {"read_seq": 1}),
    Row("GET", "/conversation/{id}/receipts", MEMBERS),
    Row(
        "POST", "/message", (404, 404, 201, 201, 201), {"conversation_id": "{id}", "client_message_id": "{new}"} | TEXT
    ),
    Row(
        "POST",
        "/message",
        NOBODY,
        {"conversation_id": "{direct}", "client_message_id": "{new}"} | TEXT,
        "to {direct}",
        blocked=403,
    ),
    Row("GET", "/message", ANYBODY, gone=200),
    Row("GET", "/message/{message}", MEMBERS),
    Row("PUT", "/message/{message}", (404, 404, 403, 403, 403), TEXT, "somebody else's"),
    Row("PUT", "/message/{direct_message}", NOBODY, TEXT, "one's own to who has blocked one", blocked=403),
    Row("DELETE", "/message/{message}", (404, 404, 403, 204, 204), note="somebody else's"),
    Row("DELETE", "/message/{direct_message}", NOBODY, note="one's own to who has blocked one", blocked=204),
    Row("GET", "/message/{message}/versions", (404, 404, 403, 403, 403), note="somebody else's"),
    Row("PUT", "/message/{message}/reactions/👍", MEMBERS),
    Row("PUT", "/message/{direct_message}/reactions/👍", NOBODY, note="to who has blocked one", blocked=403),
    Row("DELETE", "/message/{message}/reactions/👍", (404, 404, 204, 204, 204)),
    Row("PUT", "/message/{message}/pin", ADMINS),
    Row("PUT", "/message/{direct_message}/pin", NOBODY, note="to who has blocked one", blocked=403),
    Row("DELETE", "/message/{message}/pin", (404, 404, 403, 204, 204)),
    Row("EVENT", "send_message", MEMBERS, {"conversation_id": "{id}", "client_message_id": "{new}"} | TEXT),
    Row(
        "EVENT",
        "send_message",
        NOBODY,
        {"conversation_id": "{direct}", "client_message_id": "{new}"} | TEXT,
        "to {direct}",
        blocked=403,
    ),
    Row("EVENT", "sync", ANYBODY, {"conversations": {"{id}": 0}}, gone=200),
    Row("EVENT", "receipt", MEMBERS, {"conversation_id": "{id}", "read_seq": 1}),
    Row("EVENT", "typing", MEMBERS, {"conversation_id": "{id}"}),
    Row("EVENT", "typing", NOBODY, {"conversation_id": "{direct}"}, "in {direct}", blocked=403),
    Row("EVENT", "presence", ANYBODY, {"state": "away"}, gone=200),
    Row("EVENT", "refresh", ANYBODY, {"token": "{token}"}, "one's own new token", gone=200),
)


GRANT = "by a grant for the group's export"
INTERNAL: Final = (
    Row("GET", "/internal/export/conversations/{id}", MEMBERS, note=GRANT, deleted=404),
    Row("GET", "/internal/fellows?ids={target}", ANYBODY, note="who of them shares a conversation with me", gone=200),
)
"""On the port that the gateway does not reach. A grant outlives a session, and ends with the membership."""


def render() -> str:
    """The page docs/permissions.md."""
    head = [
        "# Who may do what in conversations",
        "",
        "Made by `python -m tests.messaging.message.permissions` from the table that the tests ask the service about;",
        "an edit here is undone by the next run. Every route and every socket event of the message service has a row;",
        "the figures are HTTP statuses, for an event 200 or the status of the acknowledgement's `problem`. 404 says",
        "that it is not there or not yours, and a stranger cannot tell which. Without a valid token no socket",
        "connects.",
        "",
        *(f"- **{role.replace('_', '-')}**: {text}" for role, text in ROLES.items()),
        "",
        "`{direct}` is a direct conversation between *blocked* and `{target}`, `{direct_message}` one of *blocked* in",
        "it; `{target}` is a member of the group, `{message}` theirs; `{outsider}` and `{waiting}` are in nothing, the",
        "latter invited. Somebody who has blocked the one who adds them is invited as far as the group can see, and",
        "never asked. The routes under `/internal` are on a port that the gateway does not reach.",
        "",
        "| | " + " | ".join(role.replace("_", "-") for role in ROLES) + " |",
        "|---|" + "---|" * len(ROLES),
    ]
    lines = [
        f"| {_title(row)} | " + " | ".join(str(row.expected()[role]) for role in ROLES) + " |"
        for row in (*ROWS, *INTERNAL)
    ]
    return "\n".join([*head, *lines]) + "\n"


def _title(row: Row) -> str:
    what = f"event `{row.path}`" if row.method == "EVENT" else f"`{row.method} {row.path}`"
    return f"{what} {row.note}".rstrip()


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
