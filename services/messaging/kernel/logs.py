"""Structured logs: a constant event name, data as fields, the request id bound. Never tokens, passwords or texts."""

import logging
import sys
from typing import Any, Literal

import orjson
import structlog

REDACTED = "[redacted]"
_SECRET_WORDS = ("password", "token", "secret", "authorization", "cookie", "content")


def _redact(_logger: object, _method: str, fields: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for name in fields:
        if any(word in name.lower() for word in _SECRET_WORDS):
            fields[name] = REDACTED
    return fields


def _to_json(fields: structlog.typing.EventDict, **_options: Any) -> str:
    return orjson.dumps(fields, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def configure_logs(*, level: str, form: Literal["json", "console"]) -> None:
    """Set up logs of this process, those of libraries too, on standard output."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        _redact,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(serializer=_to_json)
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    formatting = [structlog.processors.format_exc_info] if form == "json" else []
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *formatting, renderer],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("uvicorn", "aiosqlite", "aiormq", "aio_pika", "httpx", "httpcore", "asyncio", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
