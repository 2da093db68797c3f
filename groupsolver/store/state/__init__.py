"""What is stored, as the solver sees it: snapshots in memory, and what a placement depends on."""
