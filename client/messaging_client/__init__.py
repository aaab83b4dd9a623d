"""The client of the messaging platform: `net` talks to the gateway, `cli` is the command line."""
