"""Golden manifests: for each sample of k8s/ the objects that it becomes, byte for byte.

An upgraded operator must not restart what did not change, so a difference here is either unintended or a line of
the CHANGELOG. Texts inside ConfigMaps stand as their digest: they have tests of their own. To take the present output
over: `python -m tests.messaging_operator.test_golden`.
"""

from pathlib import Path

import pytest
import yaml
from messaging_operator import names
from messaging_operator.cli import read_platform, to_yaml
from messaging_operator.desired import Manifest, Platform, build

from tests.messaging_operator.manifests import all_manifests

ROOT = Path(__file__).parents[2]
SAMPLES = ("platform", "platform-external", "platform-scaled")


def golden_file(sample: str) -> Path:
    return ROOT / "tests/data/operator" / f"{sample}.yaml"


def rendered(sample: str) -> str:
    """What a sample becomes in a cluster."""
    read = read_platform(ROOT / "k8s" / f"{sample}.yaml", namespace="chat")
    platform = Platform(read.name, read.namespace, "00000000-0000-4000-8000-000000000000", read.spec)
    return to_yaml(_abridged(manifest) for manifest in all_manifests(build(platform)))


def _abridged(manifest: Manifest) -> Manifest:
    if manifest["kind"] != "ConfigMap":
        return manifest
    return manifest | {"data": {name: names.digest({name: text}) for name, text in manifest["data"].items()}}


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_becomes_exactly_these_objects(sample: str) -> None:
    assert rendered(sample) == golden_file(sample).read_text(encoding="utf-8")


@pytest.mark.parametrize("sample", SAMPLES)
def test_golden_files_hold_no_password(sample: str) -> None:
    documents = yaml.safe_load_all(golden_file(sample).read_text(encoding="utf-8"))
    assert not any(one["kind"] == "Secret" and one.keys() & {"data", "stringData"} for one in documents)


if __name__ == "__main__":
    for name in SAMPLES:
        golden_file(name).write_text(rendered(name), encoding="utf-8")
