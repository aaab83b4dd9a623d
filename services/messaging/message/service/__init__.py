"""What the message service does: each module one subject, each public method one transaction."""
