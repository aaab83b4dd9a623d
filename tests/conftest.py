"""What every test shares: the plugins that start real servers."""

pytest_plugins: list[str] = ["tests.support.containers"]
