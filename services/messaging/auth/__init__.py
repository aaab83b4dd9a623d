"""The auth service: accounts, passwords, sessions, refresh tokens, signing keys, and the revocation feed."""
