"""Programs taken out of kind's public node image, where a registry has it: kubelet and friends as files, the control
plane from the image layers that its containerd holds.
"""

import shutil
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from e2e import versions
from e2e.docker import answers, docker, label
from e2e.images import registry
from e2e.steps import step

PLAIN_FILES = frozenset({"kubectl", "kubelet", "kubeadm"})
IN_LAYERS = frozenset({"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "etcd"})
BLOBS = "/var/lib/containerd/io.containerd.content.v1.content/blobs"
LAYER_FOLDERS = ("usr/local/bin/", "usr/bin/", "")
GZIP_MAGIC = b"\x1f\x8b"


def extract(names: Iterable[str], target: Path) -> set[str]:
    """Put those of ``names`` that the public node image holds into ``target`` and return which they were.

    Returns the empty set where no engine or no registry answers.
    """
    wanted = set(names) & (PLAIN_FILES | IN_LAYERS)
    image = public_image() if wanted and answers() else None
    if image is None:
        return set()
    with step(f"Take {', '.join(sorted(wanted))} from {image}"):
        container = docker("create", image).strip()
        try:
            for name in wanted & PLAIN_FILES:
                docker("cp", f"{container}:/usr/bin/{name}", target / name)
            if wanted & IN_LAYERS:
                _copy_from_layers(container, wanted & IN_LAYERS, target)
        finally:
            docker("rm", "--volumes", container)
    return {name for name in wanted if (target / name).exists()}


def public_image() -> str | None:
    """Return the public node image that the engine has, pulling one where a registry answers, or None."""
    for image in versions.PUBLIC_NODE_IMAGES:
        if label(image) is not None:
            return image
    return next((image for image in versions.PUBLIC_NODE_IMAGES if registry.pull(image)), None)


def _copy_from_layers(container: str, names: set[str], target: Path) -> None:
    command = ["docker", "cp", f"{container}:{BLOBS}", "-"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as copy,
        tarfile.open(fileobj=copy.stdout, mode="r|") as blobs,
    ):
        for blob in blobs:
            stream = blobs.extractfile(blob)
            if stream is not None:
                copy_programs(stream, names, target)


def copy_programs(blob: IO[bytes], names: set[str], target: Path) -> None:
    """Copy programs called ``names`` out of one blob, if that is an image layer (a tar, perhaps by gzip), into
    ``target``.
    """
    paths = {folder + name: name for name in names for folder in LAYER_FOLDERS}
    try:
        with tarfile.open(fileobj=blob, mode="r|*") as layer:
            for member in layer:
                name = paths.get(member.name.removeprefix("./"))
                content = layer.extractfile(member) if name and member.isfile() else None
                if name and content is not None:
                    with (target / name).open("wb") as file:
                        shutil.copyfileobj(content, file)
    except tarfile.TarError:
        return
