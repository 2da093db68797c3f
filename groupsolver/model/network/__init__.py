"""The network of a fleet: shortest paths, zones of near hosts, cuts of links."""
