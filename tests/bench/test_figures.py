"""What is made of measurements: shares of a profile, processor time, ratios to peers."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench import bars, document, lines, profile
from bench.lines import Line
from bench.processors import Meter

BUSY = """
import time
while time.process_time() < 0.5:
    pass
print("done", flush=True)
input()
"""


def line(name: str, deliveries_per_s: float | None) -> Line:
    """A line with one figure."""
    return Line(name=name, system="any", shape="a shape", deliveries_per_s=deliveries_per_s)


def test_a_profile_is_summed_by_package() -> None:
    stacks = profile.read(
        [
            "run (/x/services/messaging/message/batches.py:1);dump (/v/site-packages/pydantic/main.py:9) 3",
            "run (/x/services/messaging/message/batches.py:2) 1",
        ]
    )
    table = profile.by_package(stacks)
    cells = {
        str(package): str(own) for package, own in zip(table.columns[0].cells, table.columns[1].cells, strict=True)
    }
    assert cells == {"pydantic": "75.0", "messaging.message.batches": "25.0"}


def test_processor_time_is_that_of_the_process_between_the_marks() -> None:
    child = subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with child:
        meter = Meter({"child": [child.pid]})
        meter.begin()
        assert child.stdout is not None
        child.stdout.readline()
        meter.end()
        child.kill()
    assert 0.3 < meter.used_s["child"] < 2


def test_the_ratio_is_taken_to_the_best_peer() -> None:
    found = bars.judged([line("fanout", 90_000), line("prosody-fanout", 15_000), line("ejabberd-fanout", 45_000)])
    assert found == [
        ("fan-out to 100: deliveries a second", ">= 100,000.00", "90,000.00", "NO"),
        ("fan-out to 100: times the best peer", ">= 3.00", "2.00", "NO"),
    ]


def test_a_peer_that_could_not_be_had_gives_no_ratio() -> None:
    found = bars.judged([line("fanout", 190_000), line("ejabberd-fanout", None)])
    assert found == [("fan-out to 100: deliveries a second", ">= 100,000.00", "190,000.00", "yes")]


def test_lines_are_kept_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    lines.save([line("one", 1), line("two", 2)])
    lines.save([line("one", 3)])
    assert [(kept.name, kept.deliveries_per_s) for kept in lines.saved()] == [("one", 3), ("two", 2)]


def test_the_report_is_a_table_with_a_row_for_each_line() -> None:
    rows = lines.markdown([line("one", 1), line("two", None)]).splitlines()
    assert len(rows) == 4
    assert {row.count("|") for row in rows} == {len(lines.HEADINGS) + 1}


def test_the_report_replaces_the_figures_and_nothing_else() -> None:
    text = f"before\n{document.BEGIN}\nold\n{document.END}\nafter\n"
    written = document.with_figures(text, [line("one", 1)])
    assert written.startswith(f"before\n{document.BEGIN}\n")
    assert written.endswith(f"{document.END}\nafter\n")
    assert "old" not in written
    assert "| one: a shape |" in written
