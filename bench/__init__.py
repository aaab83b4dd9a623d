"""Benchmarks: `make bench`. Figures are for comparing within one run; machines differ."""
