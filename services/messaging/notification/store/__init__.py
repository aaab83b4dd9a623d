"""The SQL of the notification service: what people see, what that is counted by, and reminders that wait."""
