"""Tests of the tooling in e2e/."""
