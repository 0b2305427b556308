"""What speed and memory cost here, as ratios of two sides measured in one run. See benchmarks/README.md."""
