"""What the user service does; each module a subject."""
