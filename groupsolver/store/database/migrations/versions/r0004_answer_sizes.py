"""How long a kept answer is, so that a project's are bounded together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, null for answers that are there: a day later they are gone; the index holds all of a sum."""
    op.add_column("answers", sa.Column("size", sa.Integer, nullable=True))
    op.create_index("ix_answers_tenant_id_size", "answers", ["tenant_id", "size"])


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_answers_tenant_id_size", "answers")
    op.drop_column("answers", "size")
