"""The questions of ``groupsolver whatif``: options in, a changed application and fleet out."""
