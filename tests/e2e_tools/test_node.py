"""The node image: names from kubeadm, manifests from kind, archives that a containerd imports."""

import json
import tarfile
from pathlib import Path

import pytest

from e2e import versions
from e2e.errors import ToolingError
from e2e.images import nodearchive
from e2e.images.node import archives, build, files
from e2e.images.node.archives import NodeImage

LISTED = """registry.example/kube-apiserver:v1.36.3
registry.example/coredns/coredns:v1.0.0
registry.example/pause:3.10
registry.example/etcd:3.0.0-0
"""
STORAGE = """const storageProvisionerImage = "registry.example/provisioner:v1"
const storageHelperImage = "registry.example/helper:v2"
const defaultStorageManifest = `
image: ` + storageProvisionerImage + `
helper: ` + storageHelperImage + `
`
"""


def test_images_keep_kubeadms_names_and_take_the_versions_that_we_build() -> None:
    names = build.kubeadm_images(LISTED)

    assert names["kube-apiserver"] == "registry.example/kube-apiserver:v1.36.3"
    assert names["coredns"] == f"registry.example/coredns/coredns:{versions.COREDNS}"
    assert names["etcd"] == f"registry.example/etcd:{versions.ETCD.removeprefix('v')}-0"


def test_the_storage_manifest_names_the_images_that_kind_names() -> None:
    text, images = build.storage_manifest(STORAGE)

    assert text == "\nimage: registry.example/provisioner:v1\nhelper: registry.example/helper:v2\n"
    assert images["storageHelperImage"] == "registry.example/helper:v2"


def test_another_kind_than_expected_is_noticed() -> None:
    with pytest.raises(ToolingError, match="storage manifest"):
        build.storage_manifest("package nodeimage\n")
    with pytest.raises(ToolingError, match="entry point"):
        files.entrypoint("#!/bin/bash\n")


def test_containerd_uses_our_pause_image_and_sets_no_oom_score_below_its_own() -> None:
    text = files.containerd_configuration(
        'sandbox_image = "registry.example/pause:3.9"\nrestrict_oom_score_adj = false\n', "registry.example/pause:3.10"
    )

    assert text == 'sandbox_image = "registry.example/pause:3.10"\nrestrict_oom_score_adj = true\n'


def test_an_archive_names_its_image_and_its_one_layer(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "pause").write_text("program")

    archives.write(NodeImage("example/pause:1", folder, ["/pause", "-P"]), tmp_path / "pause.tar")

    with tarfile.open(tmp_path / "pause.tar") as archive:
        (entry,) = json.load(archive.extractfile("manifest.json") or pytest.fail("no manifest"))
        config = json.load(archive.extractfile(entry["Config"]) or pytest.fail("no configuration"))
        assert entry["RepoTags"] == ["example/pause:1"]
        assert config["config"]["Entrypoint"] == ["/pause", "-P"]
        assert config["rootfs"]["diff_ids"] == [f"sha256:{entry['Layers'][0].partition('/')[0]}"]


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_program_is_found_in_an_image_layer(tmp_path: Path, mode: str) -> None:
    (tmp_path / "etcd").write_text("program")
    (tmp_path / "out").mkdir()
    with tarfile.open(tmp_path / "layer", mode) as layer:  # type: ignore[call-overload]
        layer.add(tmp_path / "etcd", "./usr/local/bin/etcd")
        layer.add(tmp_path / "etcd", "./usr/share/etcd")

    with (tmp_path / "layer").open("rb") as blob:
        nodearchive.copy_programs(blob, {"etcd", "kube-apiserver"}, tmp_path / "out")

    assert [(file.name, file.read_text()) for file in (tmp_path / "out").iterdir()] == [("etcd", "program")]


def test_a_blob_that_is_no_layer_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "manifest").write_text('{"schemaVersion": 2}')

    with (tmp_path / "manifest").open("rb") as blob:
        nodearchive.copy_programs(blob, {"etcd"}, tmp_path)

    assert [file.name for file in tmp_path.iterdir()] == ["manifest"]
