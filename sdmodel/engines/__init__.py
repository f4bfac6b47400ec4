"""Runs of a model: compiled, NumPy, and PySD as judge."""
