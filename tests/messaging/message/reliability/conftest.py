"""Figures that these tests measured stand at the end of the output."""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the tests of this folder measured."""
    for report in terminalreporter.getreports("passed"):
        if report.when == "call" and "/reliability/" in report.nodeid:
            for name, value in report.user_properties:
                terminalreporter.write_line(f"{report.nodeid.split('::')[-1]}: {name} = {value}")
