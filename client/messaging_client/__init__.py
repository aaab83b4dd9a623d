"""The client of the messaging platform.

`net` talks to the gateway, `state` merges what it hears; neither knows a window, so that the command line in `cli` and
a desktop window stand on both alike.
"""
