"""`make doctor` tells a newcomer what this machine has and lacks, and changes nothing."""

import subprocess

from e2e.cache import REPOSITORY


def test_it_names_what_everything_stands_on() -> None:
    told = subprocess.run(["make", "doctor"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout

    assert [
        what for what in ("processor cores", "memory", "Docker engine", "mysql", "rabbitmq") if what not in told
    ] == []
