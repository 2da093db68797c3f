"""The commands, one module each, with `add_parser` and `run`; see `groupsolver.cli.parser`."""
