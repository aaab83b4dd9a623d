"""Where every container image and binary of a local platform comes from: a registry, or packages where none answers."""
