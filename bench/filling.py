"""A long history without hours of sending it: rows written by the database itself, as sends would leave them."""

from bench.people import Conversation
from tests.support.mysql import MySQLServer

AT_ONCE = 50_000
TIME = "2026-01-01 00:00:00"
TIME_MS = 1_767_225_600_000

NUMBERS = "WITH RECURSIVE numbers (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last})"
ROWS = """
INSERT INTO `{database}`.message
  (conversation_id, seq, id, rev, kind, sender_id, client_message_id, content, content_hash, created_at)
{numbers}
SELECT
  UNHEX('{conversation}'), n,
  UNHEX(CONCAT(LPAD(HEX({time_ms} + n), 12, '0'), '7', LPAD(HEX(n & 4095), 3, '0'), '8', LEFT(SHA2(n, 256), 15))),
  n, 'text', UNHEX(ELT(1 + n % {people}, {senders})), UNHEX(LEFT(SHA2(CONCAT(n, '{conversation}'), 256), 32)),
  CONCAT('number ', n, ': a message of usual size, as people write them, in one sentence'),
  UNHEX(SHA2(CONCAT('{conversation}', n), 256)), '{time}' + INTERVAL n * 1000 MICROSECOND
FROM numbers
"""


def fill(mysql: MySQLServer, database: str, conversation: Conversation, *, count: int) -> int:
    """Lengthen a conversation to `count` messages by all its members in turn; return its last number."""
    identity = conversation.id.replace("-", "")
    ((found,),) = mysql.execute(f"SELECT last_seq FROM `{database}`.conversation WHERE id = UNHEX('{identity}')")
    have = int(str(found))
    senders = ", ".join(f"'{person.id.hex}'" for person in conversation.members)
    for first in range(have + 1, count + 1, AT_ONCE):
        last = min(count, first + AT_ONCE - 1)
        rows = ROWS.format(
            database=database,
            conversation=identity,
            time=TIME,
            time_ms=TIME_MS,
            people=len(conversation.members),
            senders=senders,
            numbers=NUMBERS.format(first=first, last=last),
        )
        counters = f"UPDATE `{database}`.conversation SET last_seq = {last}, last_rev = {last}"
        mysql.execute(
            f"USE `{database}`",
            f"SET SESSION cte_max_recursion_depth = {AT_ONCE}",
            "SET SESSION sql_log_bin = OFF",
            rows,
            f"{counters} WHERE id = UNHEX('{identity}')",
        )
    return max(have, count)


def settle(mysql: MySQLServer) -> None:
    """Let the database write out what filling has left to do, so that what is measured next does not pay for it."""
    mysql.execute(
        "SET GLOBAL innodb_max_dirty_pages_pct = 0",
        "DO SLEEP(3)",
        "SET GLOBAL innodb_max_dirty_pages_pct = DEFAULT",
    )
