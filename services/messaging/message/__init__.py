"""The message service: conversations, members, messages by group commit, receipts, and their delivery in real time."""
