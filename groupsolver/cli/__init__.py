"""The command ``groupsolver``: arguments and files in, tables, JSON and exit codes out."""
