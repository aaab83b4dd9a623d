"""What a client knows, as pure data: no network, no clock, no window. `net` feeds it; what is shown comes from it."""
