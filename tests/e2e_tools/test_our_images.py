"""Our two images: small, on one base, without tools to build with, and content with a read-only root."""

import json

import pytest

from e2e.docker import docker
from e2e.images import catalogue

LARGEST_BYTES = 500_000_000
CONFINED = ("--rm", "--read-only", "--network=none", "--cap-drop=ALL", "--security-opt=no-new-privileges")


@pytest.fixture(scope="module", params=catalogue.OURS)
def image(request: pytest.FixtureRequest, container_engine: None) -> str:
    (name,) = catalogue.ensure(request.param)
    return name


def test_it_weighs_at_most_500_mb(image: str) -> None:
    assert int(docker("image", "inspect", "--format", "{{.Size}}", image)) <= LARGEST_BYTES


def test_it_runs_as_messaging_on_a_read_only_root(image: str) -> None:
    said = docker(
        "run", *CONFINED, "--entrypoint=python", image, "-c", "import os, pwd; print(pwd.getpwuid(os.getuid()))"
    )

    assert "pw_name='messaging'" in said
    assert "pw_uid=10001" in said


def test_its_command_answers_without_anything_around_it(image: str) -> None:
    assert "Usage" in docker("run", *CONFINED, image, "--help")


def test_its_environment_has_no_installer(image: str) -> None:
    script = (
        "import importlib.util as u; print([n for n in ('pip', 'setuptools', 'uv', 'hatchling') if u.find_spec(n)])"
    )

    assert docker("run", *CONFINED, "--entrypoint=python", image, "-c", script).strip() == "[]"


def test_every_module_is_compiled(image: str) -> None:
    script = (
        "import importlib.util as u, pathlib, sysconfig; folder = pathlib.Path(sysconfig.get_path('purelib'));"
        "modules = list(folder.glob('messaging*/**/*.py'));"
        "print(len(modules) > 10, [m.name for m in modules if not pathlib.Path(u.cache_from_source(m)).exists()])"
    )

    assert docker("run", *CONFINED, "--entrypoint=python", image, "-c", script).strip() == "True []"


def test_both_stand_on_the_same_layers(container_engine: None) -> None:
    def layers(name: str) -> list[str]:
        return list(json.loads(docker("image", "inspect", "--format", "{{json .RootFS.Layers}}", name)))

    python, services, operator = (layers(name) for name in catalogue.ensure("python", *catalogue.OURS))

    assert services[: len(python)] == operator[: len(python)] == python
    assert services[len(python)] == operator[len(python)]
