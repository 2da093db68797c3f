"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_ID = sa.String(36)
_NAME = sa.String(255)


def upgrade() -> None:
    """Create the tables, and the only row of the fleet."""
    fleet = op.create_table(
        "fleet",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("stamp", sa.String(32), nullable=False),
        sa.Column("levels", sa.JSON, nullable=False),
        sa.Column("links", sa.JSON, nullable=False),
    )
    op.bulk_insert(fleet, [{"id": 1, "revision": 0, "stamp": "", "levels": [], "links": []}])
    op.create_table(
        "hosts",
        sa.Column("seq", _SERIAL, primary_key=True),
        sa.Column("name", _NAME, nullable=False, unique=True),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "groups",
        sa.Column("seq", _SERIAL, primary_key=True),
        sa.Column("id", _ID, nullable=False, unique=True),
        sa.Column("tenant_id", _NAME, nullable=False),
        sa.Column("user_id", _NAME, nullable=False),
        sa.Column("name", _NAME),
        sa.Column("policies", sa.JSON, nullable=False),
        sa.Column("metadata", sa.JSON),
        sa.Column("origin", sa.String(8), nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_groups_tenant_id_seq", "groups", ["tenant_id", "seq"])
    op.create_table(
        "group_children",
        sa.Column("parent", _ID, sa.ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("child", _ID, sa.ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
    )
    op.create_index("ix_group_children_child", "group_children", ["child"])
    _instances()
    op.create_table(
        "journal",
        sa.Column("seq", _SERIAL, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("stamp", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("key", _NAME, nullable=False),
    )
    op.create_index("ix_journal_revision", "journal", ["revision"])
    op.create_table(
        "answers",
        sa.Column("id", _SERIAL, primary_key=True),
        sa.Column("tenant_id", _NAME, nullable=False),
        sa.Column("key", _NAME, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("until", sa.Double, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("body", sa.JSON),
        sa.UniqueConstraint("tenant_id", "key"),
    )
    op.create_index("ix_answers_until", "answers", ["until"])


def _instances() -> None:
    op.create_table(
        "placements",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("tenant_id", _NAME, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("objective", sa.BigInteger, nullable=False),
        sa.Column("bound", sa.BigInteger, nullable=False),
        sa.Column("gap", sa.Double, nullable=False),
    )
    op.create_table(
        "instances",
        sa.Column("seq", _SERIAL, primary_key=True),
        sa.Column("id", _ID, nullable=False, unique=True),
        sa.Column("tenant_id", _NAME, nullable=False),
        sa.Column("name", _NAME),
        sa.Column("group_id", _ID, sa.ForeignKey("groups.id")),
        sa.Column("host", _NAME, sa.ForeignKey("hosts.name"), nullable=False),
        sa.Column("placement_id", _ID, sa.ForeignKey("placements.id"), nullable=False),
        sa.Column("expires", sa.Double),
    )
    op.create_index("ix_instances_tenant_id_seq", "instances", ["tenant_id", "seq"])
    for column in ("group_id", "host", "placement_id", "expires"):
        op.create_index(f"ix_instances_{column}", "instances", [column])
    op.create_table(
        "allocations",
        sa.Column(
            "instance_id", _ID, sa.ForeignKey("instances.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("resource_class", _NAME, primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop all tables."""
    for table in (
        "answers",
        "journal",
        "allocations",
        "instances",
        "placements",
        "group_children",
        "groups",
        "hosts",
        "fleet",
    ):
        op.drop_table(table)
