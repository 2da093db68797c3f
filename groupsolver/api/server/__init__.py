"""The server: waitress around the application."""
