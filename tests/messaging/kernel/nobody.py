"""`python -m tests.messaging.kernel.nobody`: try to connect to a broker that is not there, and print what is said when
what is left of that is collected as garbage, where there is no event loop any more.
"""

import asyncio
import gc
import socket
import sys
import warnings
from contextlib import suppress

from messaging.kernel.bus_rabbit import RabbitBus
from messaging.kernel.settings import ServiceSettings


async def try_for_a_while() -> None:
    """Make a few attempts."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        bus = RabbitBus(ServiceSettings(broker_host="127.0.0.1", broker_port=closed.getsockname()[1]), "test")
        with suppress(TimeoutError):
            async with asyncio.timeout(0.7):
                await bus.run()


def main() -> None:
    """Try, collect, print."""
    gc.disable()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(try_for_a_while())
    asyncio.set_event_loop(None)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        gc.collect()
    for warning in told:
        sys.stdout.write(f"{warning.message}\n")
    loop.close()


if __name__ == "__main__":
    main()
