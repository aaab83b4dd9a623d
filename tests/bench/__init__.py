"""Tests of the benchmark: that its driver counts right and its figures say what they claim."""
