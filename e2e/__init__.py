"""Black-box tooling: images, local clusters, scenarios, faults and benches; run as ``python -m e2e.<x>`` from the
root.
"""
