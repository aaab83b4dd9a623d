"""How hypothesis works in this folder: no deadline, for a busy machine is no failure, and few but whole examples."""

from hypothesis import settings

settings.register_profile("operator", deadline=None, max_examples=20)
settings.load_profile("operator")
