"""The node's root folder: a Debian root, the files of kind's base image (out of kind's own Go module), Kubernetes'
programs.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from e2e import shell, versions
from e2e.errors import ToolingError
from e2e.images import roots
from e2e.images.roots import Root

PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "containerd", "runc", "containernetworking-plugins", "conntrack", "iptables",
    "nftables", "iproute2", "iputils-ping", "ethtool", "socat", "util-linux", "mount", "kmod", "libseccomp2", "pigz",
    "e2fsprogs", "bash", "ca-certificates", "curl", "jq", "procps", "hostname", "ebtables", "findutils", "tar", "gzip",
    "catatonit",
)  # fmt: skip

ROOT = Root(
    "node", "bookworm", PACKAGES, leave_out=(*roots.UNREAD, "usr/bin/perl*", "usr/share/perl*", "usr/share/keyrings")
)
NODE_PROGRAMS = ("kubelet", "kubeadm", "kubectl")
CNI_PLUGINS = ("host-local", "loopback", "ptp", "portmap", "bridge")
PAUSE = "catatonit"

_SET_UP = """
find /lib/systemd/system/sysinit.target.wants/ -name systemd-tmpfiles-setup.service -delete
rm -f /lib/systemd/system/multi-user.target.wants/* /etc/systemd/system/*.wants/*
rm -f /lib/systemd/system/local-fs.target.wants/* /lib/systemd/system/basic.target.wants/*
rm -f /lib/systemd/system/sockets.target.wants/*udev* /lib/systemd/system/sockets.target.wants/*initctl*
echo ReadKMsg=no >> /etc/systemd/journald.conf
systemctl enable kubelet.service containerd.service undo-mount-hacks.service
systemctl mask systemd-binfmt.service
rm -f /etc/machine-id /var/lib/dbus/machine-id
ctr oci spec \
  | jq '.hooks.createContainer[.hooks.createContainer | length] |= . + {"path": "/kind/bin/mount-product-files.sh"}' \
  | jq 'del(.process.rlimits)' > /etc/containerd/cri-base.json
"""
"""The steps of kind's images/base/Dockerfile that follow the installation of packages."""

_CGROUP_V1 = "  log_info 'detected cgroup v1'\n"
_REMOUNT = '  for c in /sys/fs/cgroup/*; do ! mountpoint -q "$c" || mount -o remount,rw,bind "$c"; done\n'
"""Where the node cannot be started with --privileged, these mounts arrive read-only."""


def assemble(folder: Path, kind: Path, programs: Mapping[str, Path], pause_image: str) -> None:
    """Fill ``folder`` (an unpacked :data:`ROOT`) with the files of the kind module at ``kind`` and the programs."""
    base = kind / "images/base/files"
    shell.run(["cp", "-r", "--no-preserve=mode,ownership", f"{base}/etc/.", folder / "etc"])
    for name in ("kind/bin", "kind/manifests", "opt/cni/bin", "etc/cni/net.d", "etc/kubernetes/manifests"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for file in (base / "kind/bin").iterdir():
        install(file, folder / "kind/bin" / file.name)
    for file in (base / "usr/local/bin").iterdir():
        install(file, folder / "usr/local/bin" / file.name)
    for name in CNI_PLUGINS:
        install(folder / "usr/lib/cni" / name, folder / "opt/cni/bin" / name)
    for name in NODE_PROGRAMS:
        install(programs[name], folder / "usr/bin" / name)
    (folder / "usr/local/bin/containerd").symlink_to("/usr/bin/containerd")
    (folder / "kind/version").write_text(versions.KUBERNETES)
    chroot(folder, "bash", "-euc", _SET_UP)
    _edit(folder / "etc/containerd/config.toml", lambda text: containerd_configuration(text, pause_image))
    _edit(folder / "usr/local/bin/entrypoint", entrypoint)


def containerd_configuration(text: str, pause_image: str) -> str:
    """Return kind's containerd configuration with our pause image, fit for a machine without CAP_SYS_RESOURCE."""
    text = re.sub(r'sandbox_image = ".*"', f'sandbox_image = "{pause_image}"', text)
    return text.replace("restrict_oom_score_adj = false", "restrict_oom_score_adj = true")


def entrypoint(text: str) -> str:
    """Return kind's entry point, able to write to cgroup v1 mounts; raises ToolingError when kind has changed it."""
    if _CGROUP_V1 not in text:
        raise ToolingError(f"kind {versions.KIND} has another entry point than expected; see e2e/images/node/files.py.")
    return text.replace(_CGROUP_V1, _REMOUNT + _CGROUP_V1)


def stage(root: Path, target: Path, programs: Iterable[str]) -> None:
    """Copy programs of ``root`` with the libraries they need to ``target``, as the files of an image of their own."""
    for name in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "tmp", "etc"):
        (target / name).mkdir(parents=True, exist_ok=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (target / name).symlink_to(f"usr/{name}")
    for program in programs:
        path = chroot(root, "bash", "-c", f"PATH={':'.join(SEARCH)} type -P {program}").strip()
        real = chroot(root, "readlink", "-f", path).strip()
        libraries = re.findall(r"(/\S+)", chroot(root, "bash", "-c", f"ldd {real} || true"))
        for file in (real, *(name for name in libraries if (root / name.lstrip("/")).exists())):
            inside = re.sub(r"^/(lib|lib64|bin|sbin)/", r"/usr/\1/", file).lstrip("/")
            install(root / inside, target / inside)
    (target / "usr/bin/sh").symlink_to("bash")


SEARCH = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")


def install(source: Path, target: Path) -> None:
    """Copy a program (following links), executable for all, making the folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755)


def chroot(folder: Path, *command: str) -> str:
    """Run a command with ``folder`` as its root and return what it printed."""
    return shell.run(["chroot", folder, *command], env={"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})


def _edit(file: Path, change: Callable[[str], str]) -> None:
    file.write_text(change(file.read_text()))
