"""The contract that services and their clients share: requests, answers, events and problem types.

Stands below everything and imports pydantic only. One module per subject: `auth`, `user`, `conversation`, `message`,
`notification`, `export` hold what travels by REST; `realtime` what travels by Socket.IO; `events` what travels over the
broker; `problems` names every error.
"""
