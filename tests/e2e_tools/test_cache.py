"""Things are kept by the hash of what they were made from, and the cache has bounds."""

import os
from datetime import timedelta
from pathlib import Path

from e2e import cache
from e2e.images import roots


def test_the_same_content_has_the_same_hash_wherever_it_lies(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("text")

    assert cache.content_hash([tmp_path / "one"]) == cache.content_hash([tmp_path / "two"])


def test_a_changed_byte_a_new_name_and_an_executable_bit_change_the_hash(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("text")
    before = cache.content_hash([tmp_path])

    file.write_text("texT")
    changed = cache.content_hash([tmp_path])
    file.write_text("text")
    file.chmod(0o755)
    executable = cache.content_hash([tmp_path])
    file.chmod(0o644)
    file.rename(tmp_path / "other")
    renamed = cache.content_hash([tmp_path])

    assert len({before, changed, executable, renamed}) == 4


def test_bytecode_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("")
    before = cache.content_hash([tmp_path])

    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__/module.pyc").write_text("compiled")

    assert cache.content_hash([tmp_path]) == before


def test_parts_cannot_run_into_each_other() -> None:
    assert cache.content_hash(["ab", "c"]) != cache.content_hash(["a", "bc"])


def test_old_versions_are_pruned_and_the_current_one_and_others_stay(tmp_path: Path) -> None:
    for name in ("etcd-1", "etcd-2", "etcd-3", "kubectl-1"):
        (tmp_path / name).mkdir()
    long_ago = 1_000_000
    for name in ("etcd-1", "etcd-3", "kubectl-1"):
        os.utime(tmp_path / name, (long_ago, long_ago))

    removed = cache.prune(tmp_path, keep=["etcd-3"], prefix="etcd-", older_than=timedelta(days=1))

    assert removed == ["etcd-1"]
    assert {entry.name for entry in tmp_path.iterdir()} == {"etcd-2", "etcd-3", "kubectl-1"}


def test_the_files_unused_longest_leave_a_full_folder(tmp_path: Path) -> None:
    for age, name in enumerate(("newest", "middle", "oldest")):
        (tmp_path / name).write_bytes(b"x" * 100)
        os.utime(tmp_path / name, (10_000 - age, 10_000 - age))

    roots.bound(tmp_path, 250)

    assert {entry.name for entry in tmp_path.iterdir()} == {"newest", "middle"}
