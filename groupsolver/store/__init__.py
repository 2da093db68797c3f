"""What is stored: groups, instances, the fleet; changed by one writer at a time, read as snapshots."""
