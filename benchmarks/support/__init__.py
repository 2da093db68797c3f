"""What the benchmarks share: fleets, applications, processes, reports."""
