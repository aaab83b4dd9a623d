"""One standalone platform for all scenarios of a run; figures that tests measured stand at the end of the output."""

from collections.abc import Iterator

import pytest

from tests.support.standalone import Standalone


@pytest.fixture(scope="package")
def standalone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """A running platform in one process."""
    with Standalone(tmp_path_factory.mktemp("standalone")) as platform:
        yield platform


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the tests of this folder measured."""
    for report in terminalreporter.getreports("passed"):
        if report.when == "call" and "/scenarios/" in f"/{report.nodeid}":
            for name, value in report.user_properties:
                terminalreporter.write_line(f"{report.nodeid.split('::')[-1]}: {name} = {value}")
