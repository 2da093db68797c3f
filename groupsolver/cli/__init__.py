"""The command ``groupsolver``: from arguments and files to exit codes, tables, JSON and pictures."""
