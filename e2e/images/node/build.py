"""Make the node image: root folder, the control plane's images in its containerd, and the import into the engine."""

import contextlib
import inspect
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from e2e import cache, shell, versions
from e2e.docker import RECIPE_LABEL, docker
from e2e.errors import ToolingError
from e2e.images import binaries, gomodules, roots
from e2e.images.node import archives, files
from e2e.images.node.archives import NodeImage
from e2e.steps import step

CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
PROGRAMS = (*CONTROL_PLANE, *files.NODE_PROGRAMS, "etcd", "coredns", "local-path-provisioner")
PROXY_TOOLS = (
    "bash", "ip", "xtables-nft-multi", "xtables-legacy-multi", "nft", "conntrack", "kmod", "curl", "jq", "cat", "sleep",
    "mkdir", "mv", "rm", "sed", "grep",
)  # fmt: skip
CNI_MANIFEST = Path(__file__).parent / "cni.yaml"
ENTRYPOINT = 'ENTRYPOINT ["/usr/local/bin/entrypoint","/sbin/init"]'
ETCD_TAG = f"{versions.ETCD.removeprefix('v')}-0"
COREDNS_TAG = versions.COREDNS


def recipe() -> str:
    """Return the hash of all that decides the node image's content."""
    programs = [gomodules.PROGRAMS[name].recipe for name in (*PROGRAMS, "kind")]
    sources = [inspect.getsource(module) for module in (archives, files)]
    return cache.content_hash([files.ROOT.recipe, *programs, *sources, CNI_MANIFEST, Path(__file__)])


def make() -> None:
    """Make the node image and give it the public one's name; needs root (see :mod:`e2e.images.roots`)."""
    archive = roots.archive(files.ROOT)
    programs = binaries.ensure(*PROGRAMS)
    kind = gomodules.module_folder("kind", "sigs.k8s.io/kind")
    with tempfile.TemporaryDirectory(dir=cache.folder("roots"), prefix=".making-node-") as workshop:
        folder, images = Path(workshop, "root"), Path(workshop, "images")
        folder.mkdir()
        names = kubeadm_images(shell.run([programs["kubeadm"], "config", "images", "list", *_VERSION]))
        with step("Assemble the node's root folder"):
            shell.run(["tar", "-C", folder, "--numeric-owner", "-xpf", archive])
            files.assemble(folder, kind, programs, names["pause"])
            storage = _write_manifests(folder, kind, names["kube-proxy"])
        with step("Make the control plane's images"):
            _import_images(folder, _images(folder, images, programs, names, storage), images)
        with step(f"Import {versions.NODE_IMAGE}"):
            _import_node(folder)


_VERSION = ("--kubernetes-version", versions.KUBERNETES)


def kubeadm_images(listed: str) -> dict[str, str]:
    """Return short name -> full name of the images that kubeadm wants, with the tags of those that we build."""
    names = {line.rpartition(":")[0].rpartition("/")[2]: line for line in listed.split()}
    for short, tag in (("etcd", ETCD_TAG), ("coredns", COREDNS_TAG)):
        names[short] = f"{names[short].rpartition(':')[0]}:{tag}"
    return names


def storage_manifest(source: str) -> tuple[str, dict[str, str]]:
    """Return kind's storage manifest and its images, constant name -> image, out of ``const_storage.go``."""
    images = dict(re.findall(r'^const (\w+Image) = "(.+)"$', source, re.MULTILINE))
    body = re.search(r"const defaultStorageManifest = `(.*)`", source, re.DOTALL)
    if body is None or set(images) != {"storageProvisionerImage", "storageHelperImage"}:
        raise ToolingError(f"kind {versions.KIND} has another storage manifest than expected.")
    text = body[1]
    for constant, image in images.items():
        text = text.replace(f"` + {constant} + `", image)
    return text, images


def _write_manifests(folder: Path, kind: Path, proxy_image: str) -> dict[str, str]:
    text, images = storage_manifest((kind / "pkg/build/nodeimage/const_storage.go").read_text())
    (folder / "kind/manifests/default-storage.yaml").write_text(text)
    network = CNI_MANIFEST.read_text().replace("PROXY_IMAGE", proxy_image)
    (folder / "kind/manifests/default-cni.yaml").write_text(network)
    return images


def _images(
    folder: Path, images: Path, programs: dict[str, Path], names: dict[str, str], storage: dict[str, str]
) -> Iterator[NodeImage]:
    for name in (*CONTROL_PLANE, "etcd"):
        target = images / name
        if name == "kube-proxy":
            _stage_proxy(folder, target)
        files.install(programs[name], target / "usr/local/bin" / name)
        yield NodeImage(names[name], target)
    files.install(programs["coredns"], images / "coredns/coredns")
    yield NodeImage(names["coredns"], images / "coredns", ["/coredns"])
    files.install(folder / "usr/bin" / files.PAUSE, images / "pause/pause")
    yield NodeImage(names["pause"], images / "pause", ["/pause", "-P"])
    provisioner = "local-path-provisioner"
    files.install(programs[provisioner], images / provisioner / "usr/local/bin" / provisioner)
    yield NodeImage(storage["storageProvisionerImage"], images / provisioner)
    files.stage(folder, images / "helper", ["bash", "rm", "mkdir"])
    yield NodeImage(storage["storageHelperImage"], images / "helper")


def _stage_proxy(folder: Path, target: Path) -> None:
    files.stage(folder, target, PROXY_TOOLS)
    libraries = "usr/lib/x86_64-linux-gnu/xtables"
    shutil.copytree(folder / libraries, target / libraries)
    for family in ("iptables", "ip6tables"):
        for action in ("", "-save", "-restore"):
            for suffix, program in (("", "nft"), ("-nft", "nft"), ("-legacy", "legacy")):
                (target / f"usr/sbin/{family}{suffix}{action}").symlink_to(f"xtables-{program}-multi")
    (target / "usr/sbin/modprobe").symlink_to("../bin/kmod")


def _import_images(folder: Path, images: Iterator[NodeImage], workshop: Path) -> None:
    inbox = folder / "images"
    inbox.mkdir()
    for number, image in enumerate(images):
        archives.write(image, inbox / f"{number}.tar")
        shutil.rmtree(image.folder)
    shutil.rmtree(workshop)
    with _containerd(folder):
        for file in sorted(inbox.iterdir()):
            files.chroot(folder, *_CTR, "images", "import", "--snapshotter=overlayfs", f"/images/{file.name}")
        files.chroot(folder, *_CTR, "content", "prune", "references")
    shutil.rmtree(inbox)


_CTR = ("ctr", "--namespace=k8s.io")
_BUILD_CONFIGURATION = 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n'


@contextlib.contextmanager
def _containerd(folder: Path) -> Iterator[None]:
    configuration = folder / "etc/containerd/build.toml"
    configuration.write_text(_BUILD_CONFIGURATION)
    log = cache.folder("run") / "node-containerd.log"
    mounted: list[Path] = []
    try:
        for name in ("proc", "sys", "dev"):
            shell.run(["mount", "--rbind", f"/{name}", folder / name])
            mounted.append(folder / name)
            shell.run(["mount", "--make-rslave", folder / name])
        with log.open("wb") as sink:
            command = ["chroot", str(folder), "containerd", "-c", "/etc/containerd/build.toml"]
            daemon = subprocess.Popen(command, stdout=sink, stderr=sink)
        try:
            _wait_for_containerd(folder)
            yield
        finally:
            daemon.terminate()
            daemon.wait(timeout=30)
    finally:
        for path in reversed(mounted):
            shell.run(["umount", "--lazy", path])
        configuration.unlink()
        for leftover in (*(folder / "run").iterdir(), *(folder / "tmp").iterdir()):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def _wait_for_containerd(folder: Path) -> None:
    deadline = time.monotonic() + 20
    while not shell.succeeds(["chroot", folder, "ctr", "version"]):
        if time.monotonic() > deadline:
            raise ToolingError("containerd did not start in the node's root folder.")
        time.sleep(0.2)


def _import_node(folder: Path) -> None:
    """Import the folder, then build upon it: an import cannot set the stop signal by which systemd ends."""
    base = f"{versions.NODE_IMAGE}-base"
    changes: Sequence[str] = ("--change", "ENV container=docker", "--change", ENTRYPOINT)
    with subprocess.Popen(
        ["tar", "-C", str(folder), "--numeric-owner", "-cf", "-", "."], stdout=subprocess.PIPE
    ) as packed:
        subprocess.run(
            ["docker", "import", *changes, "-", base], stdin=packed.stdout, check=True, stdout=subprocess.DEVNULL,
            timeout=timedelta(minutes=5).total_seconds(),
        )  # fmt: skip
    dockerfile = f"FROM {base}\nSTOPSIGNAL SIGRTMIN+3\n"
    docker(
        "buildx", "build", "--load", "--tag", versions.NODE_IMAGE, "--label", f"{RECIPE_LABEL}={recipe()}", "-",
        stdin=dockerfile,
    )  # fmt: skip
    docker("image", "rm", base)
