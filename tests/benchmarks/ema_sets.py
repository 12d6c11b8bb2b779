"""The pairs of averages of the grid."""

SETS = [(fast, slow) for fast in range(5, 15) for slow in range(20, 120, 10)]
