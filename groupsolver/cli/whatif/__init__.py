"""The questions of ``groupsolver whatif``: from options to changes of an application and a fleet."""
