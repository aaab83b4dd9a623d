"""How the containers of others start: our scripts, which ask of an image only its programs on PATH.

The texts are constants of this package, read once; the same files are mounted by compose and by the tests.
"""

from importlib.resources import files
from typing import Final

_FOLDER: Final = files(__name__)

MYSQL: Final = (_FOLDER / "mysql.sh").read_text(encoding="utf-8")
RABBITMQ: Final = (_FOLDER / "rabbitmq.sh").read_text(encoding="utf-8")
ENVOY: Final = (_FOLDER / "envoy.sh").read_text(encoding="utf-8")
