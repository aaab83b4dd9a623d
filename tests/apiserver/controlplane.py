"""A real etcd and kube-apiserver on loopback, without nodes or controllers: up in seconds, gone without a trace.

Called by the fixtures of this folder. Authorisation is RBAC, OwnerReferencesPermissionEnforcement is on as on strict
clusters, and every request is written to an audit log, from which tests read who did what.
"""

import json
import secrets
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from kubernetes.aio.client import ApiClient, Configuration

START_TIMEOUT = timedelta(seconds=60)
AUDIT_POLICY = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
"""


@dataclass(frozen=True)
class Request:
    """One request as the API server saw it."""

    user: str
    verb: str
    group: str
    resource: str
    name: str
    status: int


@dataclass(frozen=True)
class ControlPlane:
    """Where the API server listens and who may do everything there."""

    url: str
    ca_file: Path
    admin_token: str
    audit_file: Path

    def client(self, token: str = "") -> ApiClient:
        """Return a client for the bearer of `token` (the administrator by default); the caller closes it."""
        configuration = Configuration(host=self.url, ssl_ca_cert=str(self.ca_file))
        configuration.api_key["BearerToken"] = f"Bearer {token or self.admin_token}"
        return ApiClient(configuration)

    def session(self) -> aiohttp.ClientSession:
        """Return the administrator's plain HTTP session; the caller closes it."""
        connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=str(self.ca_file)))
        return aiohttp.ClientSession(connector=connector, headers={"Authorization": f"Bearer {self.admin_token}"})

    def requests(self, user: str) -> list[Request]:
        """Return what `user` has asked for since the start, in order."""
        found = []
        for line in self.audit_file.read_text().splitlines():
            entry = json.loads(line)
            if entry["user"]["username"] == user and "objectRef" in entry:
                found.append(_request(entry))
        return found


def _request(entry: dict[str, object]) -> Request:
    target: dict[str, str] = entry["objectRef"]  # type: ignore[assignment]
    subresource = f"/{target['subresource']}" if "subresource" in target else ""
    return Request(
        user=entry["user"]["username"],  # type: ignore[index]
        verb=str(entry["verb"]),
        group=target.get("apiGroup", ""),
        resource=target["resource"] + subresource,
        name=target.get("name", ""),
        status=int(entry["responseStatus"]["code"]),  # type: ignore[index]
    )


@contextmanager
def running(folder: Path, *, etcd: Path, apiserver: Path) -> Iterator[ControlPlane]:
    """Start both servers with their files in `folder`; stop both at the end, whatever happens."""
    etcd_port, etcd_peer_port, port = free_ports(3)
    plane = _prepare(folder, port)
    commands = {
        "etcd": _etcd(etcd, folder, port=etcd_port, peer_port=etcd_peer_port),
        "kube-apiserver": _apiserver(apiserver, folder, port=port, etcd_port=etcd_port),
    }
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for name, command in commands.items():
            with (folder / f"{name}.log").open("wb") as log:
                processes.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))
        _wait_until_ready(plane, processes, folder)
        yield plane
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def _prepare(folder: Path, port: int) -> ControlPlane:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.crt")
    authority.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    signing_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "service-accounts.key").write_bytes(
        signing_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    token = secrets.token_hex(16)
    (folder / "tokens.csv").write_text(f'{token},admin,admin,"system:masters"\n')
    (folder / "audit-policy.yaml").write_text(AUDIT_POLICY)
    (folder / "audit.log").touch()
    return ControlPlane(f"https://127.0.0.1:{port}", folder / "ca.crt", token, folder / "audit.log")


def _etcd(program: Path, folder: Path, *, port: int, peer_port: int) -> list[str]:
    client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer_port}"
    return [
        str(program),
        f"--data-dir={folder / 'etcd'}",
        "--unsafe-no-fsync",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
    ]


def _apiserver(program: Path, folder: Path, *, port: int, etcd_port: int) -> list[str]:
    return [
        str(program),
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--tls-cert-file={folder / 'server.pem'}",
        f"--tls-private-key-file={folder / 'server.pem'}",
        f"--cert-dir={folder}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'service-accounts.key'}",
        f"--service-account-signing-key-file={folder / 'service-accounts.key'}",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
        "--disable-admission-plugins=ServiceAccount",
        f"--audit-policy-file={folder / 'audit-policy.yaml'}",
        f"--audit-log-path={folder / 'audit.log'}",
        "--audit-log-mode=blocking",
    ]


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports


def _wait_until_ready(plane: ControlPlane, processes: list[subprocess.Popen[bytes]], folder: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT.total_seconds()
    context = ssl.create_default_context(cafile=str(plane.ca_file))
    request = urllib.request.Request(f"{plane.url}/readyz", headers={"Authorization": f"Bearer {plane.admin_token}"})
    while time.monotonic() < deadline:
        for process in processes:
            if process.poll() is not None:
                raise RuntimeError(f"{process.args!r} ended with {process.returncode}: see the logs in {folder}")
        try:
            with urllib.request.urlopen(request, timeout=5, context=context):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"kube-apiserver was not ready within {START_TIMEOUT}: see the logs in {folder}")
