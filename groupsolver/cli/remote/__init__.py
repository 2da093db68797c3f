"""The commands' side of a server: the connection, and what several commands ask of it."""
