"""What must show on a real cluster besides chatting: repairs, refusals, honest status; played by ``python -m
e2e.cluster e2e``.

``subject`` reads and changes the platform under test, ``repairs`` and ``trouble`` hold the checks, ``report`` plays
them.
"""
