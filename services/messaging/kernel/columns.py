"""Column types that mean the same in MySQL and SQLite.

MySQL's defaults would lose microseconds, cut text at 255 and compare without case: every column names its type.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BINARY, BigInteger, DateTime, Integer, LargeBinary, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

COLLATION = {"charset": "utf8mb4", "collation": "utf8mb4_bin"}


class Uuid(TypeDecorator[UUID]):
    """A UUID in 16 bytes, so that version 7 sorts by time."""

    impl = BINARY(16)
    cache_ok = True

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> bytes | None:
        """To the database."""
        return None if value is None else value.bytes

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        """From the database."""
        return None if value is None else UUID(bytes=bytes(value))


class UtcTime(TypeDecorator[datetime]):
    """An aware time in UTC with microseconds; refuses naive ones."""

    impl = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql")
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database, without its zone.

        Raises:
            ValueError: the time is naive.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time cannot be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else value.replace(tzinfo=UTC)


def short_text(length: int) -> TypeEngine[str]:
    """Text of at most `length` code points, compared by code point."""
    return String(length).with_variant(mysql.VARCHAR(length, **COLLATION), "mysql")


def long_text() -> TypeEngine[str]:
    """Text of up to 16 MiB, compared by code point."""
    return Text().with_variant(mysql.MEDIUMTEXT(**COLLATION), "mysql")


def big_integer() -> TypeEngine[int]:
    """A 64-bit number; as a primary key it counts up in both databases."""
    return BigInteger().with_variant(Integer, "sqlite")


def long_bytes() -> TypeEngine[bytes]:
    """Up to 16 MiB of bytes."""
    return LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql")


def fixed_bytes(length: int) -> TypeEngine[bytes]:
    """Exactly `length` bytes, such as a hash."""
    return BINARY(length)


def short_bytes(length: int) -> TypeEngine[bytes]:
    """At most `length` bytes."""
    return LargeBinary(length).with_variant(mysql.VARBINARY(length), "mysql")
