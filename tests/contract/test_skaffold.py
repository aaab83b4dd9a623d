"""What skaffold.yaml names exists, and the version that it sets is one that the resource accepts."""

import re
from pathlib import Path
from typing import Any

import yaml
from messaging_operator.spec.text import VERSION_PATTERN

ROOT = Path(__file__).parents[2]


def skaffold() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "skaffold.yaml").read_text())
    return loaded


def test_every_file_is_there() -> None:
    document = skaffold()
    dockerfiles = [artifact["docker"]["dockerfile"] for artifact in document["build"]["artifacts"]]
    releases = document["deploy"]["helm"]["releases"]
    named = [*dockerfiles, *(release["chartPath"] for release in releases)]
    named += [file for release in releases for file in release.get("valuesFiles", [])]

    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_tag_is_a_version_of_the_resource() -> None:
    template = skaffold()["build"]["tagPolicy"]["customTemplate"]["template"]
    tag = re.sub(r"\{\{slice \.DIGEST 0 12\}\}", "0123456789ab", template)

    assert re.match(VERSION_PATTERN, tag)
