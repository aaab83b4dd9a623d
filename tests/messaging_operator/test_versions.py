"""Which versions an operator runs: its own line and the one before."""

import pytest
from messaging_operator.versions import is_supported, supported_lines


@pytest.mark.parametrize(
    ("wanted", "supported"),
    [("1.3.0", True), ("1.3.9-rc.1", True), ("1.2.7", True), ("1.4.0", False), ("1.1.9", False), ("2.3.0", False)],
)
def test_an_operator_runs_its_own_line_and_the_one_before(wanted: str, supported: bool) -> None:
    assert is_supported(wanted, operator="1.3.2") is supported


def test_the_lines_are_named_as_a_person_reads_them() -> None:
    assert supported_lines("1.3.2") == "1.3 and 1.2"
    assert supported_lines("1.0.0") == "1.0"
