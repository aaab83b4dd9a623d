"""Root folders made of Debian packages: debootstrap, then everything that a container never reads is taken away.

Used for the images of :mod:`e2e.images.substitutes` and for the node image of the local cluster. Needs root.
"""

import inspect
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from e2e import cache, shell
from e2e.errors import ToolingError
from e2e.images import engine
from e2e.steps import step

DEBS_LIMIT_BYTES = 1_500_000_000

UNREAD = (
    "usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/lintian", "usr/share/bug",
    "usr/share/doc-base", "usr/share/bash-completion", "usr/share/zsh", "usr/lib/*/gconv", "usr/lib/*.a",
    "usr/lib/*/*.a", "var/cache/*", "var/log/*", "var/lib/apt/lists", "var/lib/dpkg/info", "var/lib/dpkg/*-old",
    "etc/apt/sources.list", "etc/apt/sources.list.d", "tmp/*", "run/*",
)  # fmt: skip
"""Paths (globs) that no container reads: documentation, translations, lists and logs of the installation."""

PACKAGE_TOOLS = (
    "usr/bin/perl*", "usr/lib/*/perl*", "usr/share/perl*", "usr/bin/apt*", "usr/lib/apt", "usr/lib/*/libapt-*",
    "usr/bin/dpkg*", "usr/lib/dpkg", "usr/sbin/*debconf*", "usr/share/debconf", "usr/bin/sqv", "usr/share/keyrings",
    "usr/lib/systemd", "usr/lib/*/systemd", "usr/bin/systemd*", "usr/bin/systemctl", "usr/bin/journalctl",
)  # fmt: skip
"""Paths (globs) with which an image would be changed from inside: our images are replaced instead."""


@dataclass(frozen=True)
class Root:
    """What a root folder is made of: a Debian suite, packages, globs to leave out, users (name -> uid = gid), files.

    ``files`` maps a path below the root to its text; a text that begins with ``#!`` becomes executable. ``owned`` maps
    folders, made where missing, to the uid that may write there.
    """

    name: str
    suite: str
    packages: tuple[str, ...]
    leave_out: tuple[str, ...] = (*UNREAD, *PACKAGE_TOOLS)
    users: Mapping[str, int] | None = None
    files: Mapping[str, str] | None = None
    owned: Mapping[str, int] | None = None

    @property
    def recipe(self) -> str:
        """Return the hash of all that decides the root's content, except what Debian has published since."""
        users = [f"{name}={uid}" for name, uid in (self.users or {}).items()]
        files = [text for item in (self.files or {}).items() for text in item]
        owned = [f"{path}={uid}" for path, uid in (self.owned or {}).items()]
        parts = [self.suite, *self.packages, *self.leave_out, *users, *files, *owned, inspect.getsource(finish)]
        return cache.content_hash(parts)


def archive(root: Root) -> Path:
    """Return a compressed tar of the root folder out of the cache, making it first where it is missing."""
    target = cache.folder("roots") / f"{root.name}-{root.recipe}.tar.gz"
    with cache.lock("debootstrap"):
        if not target.exists():
            with step(f"Make the {root.name} root from Debian packages ({root.suite})", expected="1 min"):
                _make(root, target)
            cache.prune(target.parent, keep=[target.name], prefix=f"{root.name}-", older_than=timedelta(0))
    return cache.touch(target)


def mirror(sources: Iterable[str], codename: str) -> str:
    """Return the address of the Debian mirror that apt uses, given the texts of its source files.

    Reads both the deb822 and the one-line format; the first entry of ``codename`` with component ``main`` counts.
    """
    for text in sources:
        for paragraph in re.split(r"\n\s*\n", text):
            fields = dict(re.findall(r"^(URIs|Suites|Components):[ \t]*(.+)$", paragraph, re.MULTILINE))
            if codename in fields.get("Suites", "").split() and "main" in fields.get("Components", "").split():
                return str(fields["URIs"].split()[0])
        line = re.search(rf"^deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+{re.escape(codename)}\s.*\bmain\b", text, re.MULTILINE)
        if line:
            return line[1]
    raise ToolingError(
        f"No Debian mirror for {codename} is configured in /etc/apt.",
        hint="Add one, or let the Docker engine reach a registry: then no image has to be made from packages.",
    )


def _configured_mirror() -> str:
    release = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', Path("/etc/os-release").read_text(), re.MULTILINE))
    files = sorted([*Path("/etc/apt").glob("sources.list"), *Path("/etc/apt/sources.list.d").glob("*")])
    return mirror((file.read_text() for file in files if file.is_file()), release.get("VERSION_CODENAME", ""))


def _make(root: Root, target: Path) -> None:
    if os.geteuid() != 0:
        raise ToolingError(
            f"Only root can make the {root.name} image from packages, and no registry has it.",
            hint="Run as root on Debian, or let the Docker engine reach a registry.",
        )
    if shutil.which("debootstrap") is None:
        engine.install("debootstrap")
    folder, debs = cache.folder("roots", f".making-{root.name}"), cache.folder("debs")
    log = cache.folder("run") / f"debootstrap-{root.name}.log"
    shutil.rmtree(folder)
    include = f"--include={','.join(root.packages)}"
    try:
        shell.run(
            [
                "debootstrap",
                "--variant=minbase",
                f"--cache-dir={debs}",
                include,
                root.suite,
                folder,
                _configured_mirror(),
            ],
            log=log,
        )
        finish(root, folder)
        partial = target.with_suffix(".partial")
        shell.run(["tar", "-C", folder, "--numeric-owner", "-I", "gzip -1", "-cf", partial, "."])
        partial.replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        bound(debs, DEBS_LIMIT_BYTES)


def finish(root: Root, folder: Path) -> None:
    """Take away what the root leaves out and add its users and files. Idempotent."""
    for pattern in root.leave_out:
        for path in folder.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for name, uid in (root.users or {}).items():
        _set_line(folder / "etc/passwd", name, f"{name}:x:{uid}:{uid}::/nonexistent:/bin/false")
        _set_line(folder / "etc/group", name, f"{name}:x:{uid}:")
    for name, text in (root.files or {}).items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_text(text)
        file.chmod(0o755 if text.startswith("#!") else 0o644)
    for name, uid in (root.owned or {}).items():
        owned = folder / name
        owned.mkdir(parents=True, exist_ok=True)
        for path in (owned, *owned.rglob("*")):
            os.chown(path, uid, uid, follow_symlinks=False)


def bound(folder: Path, limit_bytes: int) -> None:
    """Remove the files of ``folder`` that were unused longest until the rest fits into ``limit_bytes``."""
    files = sorted((file for file in folder.iterdir() if file.is_file()), key=lambda file: file.stat().st_mtime)
    total = sum(file.stat().st_size for file in files)
    for file in files:
        if total <= limit_bytes:
            return
        total -= file.stat().st_size
        file.unlink()


def _set_line(file: Path, name: str, line: str) -> None:
    number = line.split(":")[2]
    entries = (entry for entry in file.read_text().splitlines() if entry)
    others = [entry for entry in entries if entry.split(":")[0] != name and entry.split(":")[2] != number]
    file.write_text("\n".join([*others, line, ""]))
