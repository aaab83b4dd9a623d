"""The services of the messaging platform; docs/map.md says what lives where."""
