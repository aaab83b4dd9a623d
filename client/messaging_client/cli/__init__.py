"""The command line `messaging-client`: one module per group of commands, `main` is where the program begins."""

from messaging_client.cli.app import main

__all__ = ["main"]
