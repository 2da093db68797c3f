"""The fleet's pools: capacity that several hosts share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, null for a fleet so far: it has no pools."""
    op.add_column("fleet", sa.Column("pools", sa.JSON, nullable=True))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("fleet", "pools")
