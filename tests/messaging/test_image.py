"""The services' unit tests pass in the image too: with its Python, and with the installed wheel."""

import subprocess

from e2e.cache import REPOSITORY
from e2e.images import catalogue

WITHIN_S = 600
SERVERLESS = ("--without-servers", "-k", "not mysql and not rabbit and not replica")
"""No container starts containers: what needs a server, by a fixture or by its parameter, is left out."""
FOLDERS = (
    "tests/messaging_wire",
    "tests/messaging/kernel",
    "tests/messaging/auth",
    "tests/messaging/user",
    "tests/messaging/message/test_batches.py",
    "tests/messaging/message/test_sequencer.py",
    "tests/messaging/notification/test_order.py",
)


def test_the_unit_tests_pass_in_the_image(container_engine: None) -> None:
    (image,) = catalogue.ensure("services-tests")
    confined = ["--rm", "--network=none", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--read-only"]
    mounts = ["--tmpfs=/tmp", "--env=HYPOTHESIS_STORAGE_DIRECTORY=/tmp", f"--volume={REPOSITORY}:/source:ro"]

    run = subprocess.run(
        ["docker", "run", *confined, *mounts, image, "-q", *SERVERLESS, *FOLDERS],
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )

    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
