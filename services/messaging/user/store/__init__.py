"""All SQL of the user service. Functions take the caller's transaction; none commits."""
