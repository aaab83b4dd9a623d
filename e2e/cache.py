"""The folder where built things are kept between runs, addressed by the hash of what they were made from.

Everything lives under ``${XDG_CACHE_HOME:-~/.cache}/messaging-platform``: ``bin/`` (programs), ``roots/`` (root
folders), ``debs/`` (package files), ``run/`` (logs, kubeconfigs, remembered answers). Deleting any of it only costs
time.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def folder(*parts: str) -> Path:
    """Return (and make) a folder of the cache."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    path = Path(base, "messaging-platform", *parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


def content_hash(parts: Iterable[str | bytes | Path]) -> str:
    """Return the first 16 hex digits of a SHA-256 over ``parts``, in order.

    A path counts by the bytes of its file; of a folder by the relative names, executable bits and bytes of the files
    in it, caches of Python left out.
    """
    digest = hashlib.sha256()
    for part in parts:
        for name, data in _chunks(part):
            digest.update(f"{name}\0{len(data)}\0".encode())
            digest.update(data)
    return digest.hexdigest()[:16]


def _chunks(part: str | bytes | Path) -> Iterator[tuple[str, bytes]]:
    if isinstance(part, str):
        yield "text", part.encode()
    elif isinstance(part, bytes):
        yield "bytes", part
    elif part.is_dir():
        for file in sorted(path for path in part.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
            mode = "x" if os.access(file, os.X_OK) else "-"
            yield f"{file.relative_to(part)}{mode}", file.read_bytes()
    else:
        yield part.name, part.read_bytes()


@contextlib.contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold an exclusive lock among all processes of this user, so that nothing is built twice at once."""
    with (folder("run") / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def prune(parent: Path, *, keep: Iterable[str], prefix: str, older_than: timedelta = timedelta(days=7)) -> list[str]:
    """Remove what ``parent`` holds under names with ``prefix``, except ``keep`` and whatever was used lately.

    "Used" is the entry's modification time, which :func:`touch` renews. Returns the removed names.
    """
    wanted = set(keep)
    limit = time.time() - older_than.total_seconds()
    removed = []
    for entry in parent.iterdir():
        if not entry.name.startswith(prefix) or entry.name in wanted or entry.stat().st_mtime > limit:
            continue
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        removed.append(entry.name)
    return sorted(removed)


def touch(path: Path) -> Path:
    """Mark a cache entry as used now, and return it."""
    os.utime(path)
    return path
