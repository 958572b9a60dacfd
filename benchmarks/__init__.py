"""Benchmarks of dsbind: each beside a peer or a floor, in one run, as a ratio."""
