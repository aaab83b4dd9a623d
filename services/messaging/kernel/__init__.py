"""What every service stands on: settings, database, outbox, bus, tokens, problems, logs, health, sockets.

Knows no service. A service hands its routes, consumers and tasks to `service.ServiceHost`, which runs them.
"""
