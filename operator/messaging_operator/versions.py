"""Which versions of the services this operator knows how to run: its own minor version and the one before. Pure."""

from importlib.metadata import version

OPERATOR_VERSION = version("messaging-operator")


def is_supported(wanted: str, *, operator: str = OPERATOR_VERSION) -> bool:
    """Return whether an operator of version `operator` runs services of version `wanted` (both ``X.Y.Z[-pre]``)."""
    major, minor = _line(operator)
    return _line(wanted) in {(major, minor), (major, minor - 1)}


def supported_lines(operator: str = OPERATOR_VERSION) -> str:
    """Return the lines as a person reads them: ``1.3 and 1.2``."""
    major, minor = _line(operator)
    return f"{major}.{minor}" + (f" and {major}.{minor - 1}" if minor else "")


def _line(text: str) -> tuple[int, int]:
    major, minor, *_ = text.split(".")
    return int(major), int(minor)
