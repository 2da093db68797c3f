"""Waitress around the application."""
