"""The projects that may join a group of another project."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_ID = sa.String(36)
_NAME = sa.String(255)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "group_grants",
        sa.Column("seq", _SERIAL, primary_key=True),
        sa.Column("group_id", _ID, sa.ForeignKey("groups.id", ondelete="CASCADE"), nullable=False),
        sa.Column("tenant_id", _NAME, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.UniqueConstraint("group_id", "tenant_id"),
    )
    op.create_index("ix_group_grants_tenant_id", "group_grants", ["tenant_id"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("group_grants")
