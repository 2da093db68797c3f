"""The state of a cluster in memory: hosts with all claims, groups, instances, reservations."""
