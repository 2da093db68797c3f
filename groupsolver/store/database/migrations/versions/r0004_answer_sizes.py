"""The length of a kept answer, so that the sum of a project's answers is bounded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and an index that covers the sum.

    Answers from before have null; a day later they are gone.
    """
    op.add_column("answers", sa.Column("size", sa.Integer, nullable=True))
    op.create_index("ix_answers_tenant_id_size", "answers", ["tenant_id", "size"])


def downgrade() -> None:
    """Drop the column and the index."""
    op.drop_index("ix_answers_tenant_id_size", "answers")
    op.drop_column("answers", "size")
