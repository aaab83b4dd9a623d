"""The package index that this machine's pip and uv use, as a shell file that does the same inside an image build."""

import configparser
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

PASSED_ON = (
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT",
    "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_INDEX", "UV_HTTP_TIMEOUT",
)  # fmt: skip
CONFIGURATIONS = ("/etc/pip.conf", "~/.pip/pip.conf", "~/.config/pip/pip.conf")
FROM_PIP_CONFIGURATION = {"index-url": "PIP_INDEX_URL", "extra-index-url": "PIP_EXTRA_INDEX_URL",
                          "trusted-host": "PIP_TRUSTED_HOST", "timeout": "PIP_DEFAULT_TIMEOUT"}  # fmt: skip
UV_FOLLOWS_PIP = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_EXTRA_INDEX_URL": "UV_INDEX"}


def settings(environment: Mapping[str, str], configurations: Iterable[str]) -> str:
    """Return ``export`` lines for the index settings of pip and uv.

    ``configurations`` are the texts of pip's files, weakest first; the environment wins over them. uv gets pip's
    index where it has none of its own, because a machine behind a mirror often configures pip only.
    """
    found: dict[str, str] = {}
    for text in configurations:
        parser = configparser.ConfigParser(interpolation=None)
        parser.read_string(text)
        section = parser["global"] if parser.has_section("global") else {}
        found |= {FROM_PIP_CONFIGURATION[key]: value for key, value in section.items() if key in FROM_PIP_CONFIGURATION}
    found |= {name: environment[name] for name in PASSED_ON if environment.get(name)}
    for pip_name, uv_name in UV_FOLLOWS_PIP.items():
        if pip_name in found:
            found.setdefault(uv_name, found[pip_name])
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(found.items()))


def configuration_texts() -> list[str]:
    """Return the texts of this machine's pip configuration files, weakest first."""
    return [path.read_text() for path in map(_expanded, CONFIGURATIONS) if path.is_file()]


def _expanded(name: str) -> Path:
    return Path(name).expanduser()
