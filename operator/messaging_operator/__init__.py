"""The operator that turns one MessagingPlatform resource into a running platform."""
