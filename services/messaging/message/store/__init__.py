"""All SQL of the message service. Functions take the caller's transaction; none commits.

Whatever a person asks is filtered by their membership in the same query. `lock…` functions hold rows until the
transaction ends; conversations come first and in id order, members after them, so that no two transactions wait for
each other.
"""
