"""The NUMA cell of its host that an instance takes from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, null for all instances so far: hosts had no cells."""
    op.add_column("instances", sa.Column("cell", sa.String(255), nullable=True))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("instances", "cell")
