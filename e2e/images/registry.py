"""Whether a container registry answers, found out once per run by pulling what is needed first, and remembered.

No host is named anywhere: the engine's own configuration (mirrors, proxies, log-ins) decides where a plain name leads.
"""

import json
import os
import subprocess
import threading
import time
from datetime import timedelta

from e2e import cache

VARIABLE = "MESSAGING_REGISTRY"
"""``yes`` or ``no`` decides without asking; child processes inherit the answer."""

FIRST_ANSWER = timedelta(seconds=20)
WHOLE_PULL = timedelta(minutes=15)
REMEMBERED = timedelta(minutes=30)


def pull(image: str, *, first_answer: timedelta = FIRST_ANSWER) -> bool:
    """Pull ``image`` and say whether that worked; False at once when an earlier pull found no registry.

    The first pull of a run decides: a registry that has not begun to answer within ``first_answer`` counts as none for
    30 min.
    """
    if verdict() is False:
        return False
    pulled, answered = _pull(image, first_answer)
    if verdict() is None:
        _remember(answered=answered)
    return pulled


def verdict() -> bool | None:
    """Return what is known about a registry: it answers, it does not, or (None) nobody has asked yet."""
    told = os.environ.get(VARIABLE)
    if told in {"yes", "no"}:
        return told == "yes"
    file = cache.folder("run") / "registry.json"
    try:
        known = json.loads(file.read_text())
    except (OSError, ValueError):
        return None
    fresh = time.time() - float(known["at"]) < REMEMBERED.total_seconds()
    return bool(known["answers"]) if fresh else None


def _remember(*, answered: bool) -> None:
    os.environ[VARIABLE] = "yes" if answered else "no"
    file = cache.folder("run") / "registry.json"
    file.write_text(json.dumps({"answers": answered, "at": time.time()}))


def _pull(image: str, first_answer: timedelta) -> tuple[bool, bool]:
    process = subprocess.Popen(
        ["docker", "pull", image], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    )
    began = threading.Event()
    timers = (
        threading.Timer(first_answer.total_seconds(), lambda: None if began.is_set() else process.kill()),
        threading.Timer(WHOLE_PULL.total_seconds(), process.kill),
    )
    for timer in timers:
        timer.start()
    with process:
        for line in process.stdout or ():
            if "Pulling from" in line:
                began.set()
    for timer in timers:
        timer.cancel()
    return process.returncode == 0, began.is_set()
