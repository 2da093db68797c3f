"""Figures as tables show them."""

from __future__ import annotations


def percentage(share: float) -> str:
    """Return ``"1.25%"`` for 0.0125."""
    return f"{share:.2%}"


def duration(seconds: float) -> str:
    """Return ``"0.27 s"``."""
    return f"{seconds:.2f} s"
