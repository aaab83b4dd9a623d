"""Other message servers, run beside ours on the same database."""
