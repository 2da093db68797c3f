"""Metrics, the access log and the audit log."""
