"""The export service: conversations as documents, made in the background, fetched by a link."""
