"""What runs on a fleet: its state, the scope of a placement, checked commits, and `Cluster`."""
