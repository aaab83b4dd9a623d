"""Talking to the gateway: REST by `rest`, real time by `realtime`, tokens kept by `tokens` and renewed by `session`."""
