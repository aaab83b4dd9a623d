"""The rows of the table, by name: each measures one thing on a common ground and gives lines."""

from bench.rows import fanout, history, idle, oneprocess, rest, sending
from bench.rows.options import Options, Row

__all__ = ["ROWS", "Options", "Row"]

ROWS: dict[str, Row] = {
    "sends": sending.sends,
    "ejabberd": sending.ejabberd,
    "prosody": sending.prosody,
    "tinode": sending.tinode,
    "receipts": sending.receipts,
    "notified": sending.notified,
    "gateway": sending.gateway,
    "rest": rest.sends,
    "fanout": fanout.fanout,
    "ejabberd-fanout": fanout.ejabberd,
    "prosody-fanout": fanout.prosody,
    "tinode-fanout": fanout.tinode,
    "idle": idle.idle,
    "ejabberd-idle": idle.ejabberd,
    "prosody-idle": idle.prosody,
    "tinode-idle": idle.tinode,
    "history": history.history,
    "growth": history.growth,
    "oneprocess": oneprocess.oneprocess,
}
