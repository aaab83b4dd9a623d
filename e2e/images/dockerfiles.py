"""Images built by an ordinary Dockerfile: ours, and those substitutes that stand on the Python base.

The build sees the package index as this machine does: by the host's network, with its CA bundle and index settings as
secrets that leave no trace in the image.
"""

import os
import ssl
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from e2e import cache, shell, versions
from e2e.cache import REPOSITORY
from e2e.docker import RECIPE_LABEL, docker
from e2e.images import engine, packageindex
from e2e.shell import CommandFailedError
from e2e.steps import step

CA_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


@dataclass(frozen=True)
class Build:
    """An image, its Dockerfile and the files that go into it (all below the repository), and build arguments."""

    image: str
    dockerfile: str
    inputs: tuple[str, ...]
    arguments: dict[str, str] = field(default_factory=dict)
    public: bool = False
    expected: str = "1 min"

    @property
    def recipe(self) -> str:
        """Return the hash of all that goes into the image, the base image among it."""
        files = [REPOSITORY / name for name in (self.dockerfile, *self.inputs)]
        arguments = [f"{key}={value}" for key, value in self.arguments.items()]
        return cache.content_hash([*files, *arguments, _image_id(versions.PYTHON_IMAGE)])


_WORKSPACE = (
    "pyproject.toml", "uv.lock", "services/pyproject.toml", "services/wire/pyproject.toml", "operator/pyproject.toml",
    "client/pyproject.toml", ".dockerignore",
)  # fmt: skip

SERVICES = Build(
    versions.SERVICES_IMAGE, "services/Dockerfile", (*_WORKSPACE, "services/messaging", "services/wire/messaging_wire")
)
SERVICES_TESTS = Build(
    "messaging/services-tests:local",
    "tests/services.Dockerfile",
    (*_WORKSPACE, *SERVICES.inputs),
    {"SERVICES": versions.SERVICES_IMAGE},
)
OPERATOR = Build(versions.OPERATOR_IMAGE, "operator/Dockerfile", (*_WORKSPACE, "operator/messaging_operator"))
ENVOY = Build(
    versions.ENVOY_IMAGE,
    "e2e/images/envoy.Dockerfile",
    (),
    {"ENVOY_VERSION": versions.ENVOY_IMAGE.rpartition(":v")[2]},
    public=True,
)


def make(build: Build) -> None:
    """Build the image with BuildKit and load it into the local engine, labelled with its recipe."""
    engine.ensure_plugins("docker-buildx")
    with tempfile.TemporaryDirectory() as folder, step(f"Build {build.image}", expected=build.expected):
        index = Path(folder, "index")
        index.write_text(packageindex.settings(os.environ, packageindex.configuration_texts()))
        secrets = [f"id=index,src={index}", *(f"id=ca,src={bundle}" for bundle in ca_bundles()[:1])]
        proxies = {name: os.environ[name] for name in PROXY_VARIABLES if name in os.environ}
        arguments = {"BASE": versions.PYTHON_IMAGE, **build.arguments, **proxies}
        shell.run(
            [
                "docker", "buildx", "build", "--load", "--progress", "plain", "--network", "host",
                "--tag", build.image, "--label", f"{RECIPE_LABEL}={build.recipe}",
                *(word for secret in secrets for word in ("--secret", secret)),
                *(word for item in arguments.items() for word in ("--build-arg", "=".join(item))),
                "--file", REPOSITORY / build.dockerfile, REPOSITORY,
            ],
            timeout=timedelta(minutes=20),
        )  # fmt: skip


def ca_bundles() -> list[Path]:
    """Return the CA bundles of this machine, the one that its environment names first."""
    named = [os.environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile, *CA_BUNDLES]
    return [path for path in dict.fromkeys(Path(name) for name in named if name) if path.is_file()]


def _image_id(image: str) -> str:
    try:
        return docker("image", "inspect", "--format", "{{.Id}}", image).strip()
    except CommandFailedError:
        return ""
