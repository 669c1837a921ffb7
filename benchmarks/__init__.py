"""Measurements of speed and memory; ``python -m benchmarks`` prints the table. Nothing here is a test."""
