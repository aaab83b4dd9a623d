"""The client of the messaging platform.

`net` talks to the gateway, `state` merges what it hears, `cli` is the command line. Neither `net` nor `state` knows a window: the command line and a desktop window stand on both alike.
"""
