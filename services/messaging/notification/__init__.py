"""The notification service: who is told of which messages, and reminders."""
