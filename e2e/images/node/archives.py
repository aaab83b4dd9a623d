"""Docker-format image archives, one layer each, out of folders: what a node's containerd imports without any engine."""

import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from e2e import shell

SEARCH_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class NodeImage:
    """An image inside the node: its full name, the folder with its files and its entry point, if it needs one."""

    name: str
    folder: Path
    entrypoint: Sequence[str] = ()


def write(image: NodeImage, target: Path) -> None:
    """Write the image as an archive to ``target``; every file belongs to root."""
    layer = target.with_suffix(".layer")
    shell.run(["tar", "-C", image.folder, "--numeric-owner", "--owner=0", "--group=0", "-cf", layer, "."])
    with layer.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    config = json.dumps(configuration(digest, image.entrypoint)).encode()
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": [image.name], "Layers": [f"{digest}/layer.tar"]}]
    with tarfile.open(target, "w") as archive:
        _add(archive, name, config)
        archive.add(layer, f"{digest}/layer.tar")
        _add(archive, "manifest.json", json.dumps(manifest).encode())
    layer.unlink()


def configuration(layer_digest: str, entrypoint: Sequence[str]) -> dict[str, object]:
    """Return the image configuration (OCI image specification, "Image Configuration") for one layer."""
    return {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": [SEARCH_PATH], "Entrypoint": list(entrypoint) or None},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_digest}"]},
        "history": [{"created_by": "python -m e2e.images ensure node"}],
    }


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))
