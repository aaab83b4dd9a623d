"""The SQL of the export service: exports and the work on them, their bytes and the links to them."""
