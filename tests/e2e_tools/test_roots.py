"""Root folders: where packages come from, what stays out, who lives there."""

from pathlib import Path

import pytest

from e2e.errors import ToolingError
from e2e.images import roots
from e2e.images.roots import Root
from e2e.images.substitutes import MYSQL

DEB822 = """Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components: main
"""
OTHERS = "deb https://packages.example/apt tool-bookworm main\n"


def test_the_mirror_is_the_one_that_apt_uses() -> None:
    assert roots.mirror([OTHERS, DEB822], "bookworm") == "http://mirror.example/debian"


def test_the_one_line_format_is_read_with_and_without_options() -> None:
    plain = "# comment\ndeb http://mirror.example/debian bookworm main contrib\n"
    signed = (
        "deb [signed-by=/usr/share/keyrings/x.gpg arch=amd64] http://mirror.example/debian bookworm non-free main\n"
    )

    assert roots.mirror([plain], "bookworm") == roots.mirror([signed], "bookworm") == "http://mirror.example/debian"


def test_without_a_mirror_the_message_says_what_to_do() -> None:
    with pytest.raises(ToolingError, match="No Debian mirror for trixie"):
        roots.mirror([OTHERS, DEB822], "trixie")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/bash\nrabbitmq:x:101:102::/x:/bin/sh\n")
    (tmp_path / "etc/group").write_text("root:x:0:\nlpadmin:x:999:\n")
    for name in ("usr/share/doc/bash/changelog", "usr/share/zoneinfo/UTC", "usr/lib/x86_64-linux-gnu/libc.a"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    return tmp_path


def test_what_no_container_reads_is_left_out_and_the_rest_stays(folder: Path) -> None:
    roots.finish(Root("x", "sid", ()), folder)

    assert not (folder / "usr/share/doc").exists()
    assert not (folder / "usr/lib/x86_64-linux-gnu/libc.a").exists()
    assert (folder / "usr/share/zoneinfo/UTC").exists()


def test_a_user_gets_its_number_alone(folder: Path) -> None:
    root = Root("x", "sid", (), users={"rabbitmq": 999})

    roots.finish(root, folder)
    roots.finish(root, folder)

    assert (folder / "etc/passwd").read_text().splitlines()[1:] == ["rabbitmq:x:999:999::/nonexistent:/bin/false"]
    assert (folder / "etc/group").read_text().splitlines() == ["root:x:0:", "rabbitmq:x:999:"]


def test_scripts_are_executable_and_other_files_are_not(folder: Path) -> None:
    roots.finish(Root("x", "sid", (), files={"usr/bin/run": "#!/bin/sh\n", "etc/x.conf": "a = 1\n"}), folder)

    assert (folder / "usr/bin/run").stat().st_mode & 0o777 == 0o755
    assert (folder / "etc/x.conf").stat().st_mode & 0o777 == 0o644


def test_every_ingredient_changes_the_recipe() -> None:
    base = MYSQL.root
    others = [
        Root(base.name, "trixie", base.packages, base.leave_out, base.users),
        Root(base.name, base.suite, (*base.packages, "less"), base.leave_out, base.users),
        Root(base.name, base.suite, base.packages, (), base.users),
        Root(base.name, base.suite, base.packages, base.leave_out, {"mysql": 1}),
    ]

    assert len({base.recipe, *(other.recipe for other in others)}) == 5
