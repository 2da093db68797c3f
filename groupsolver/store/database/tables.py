"""The tables. Only the store's own files see rows; callers see `groupsolver.store.entities`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_Id = String(36)
_Name = String(255)
_Stamp = String(32)
# SQLite numbers rows by itself only in columns declared INTEGER, which hold 64 bits there.
_Serial = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON}


class FleetRow(Base):
    """The one row for levels, links and pools, and for the revision of everything with its stamp.

    `pools` is null where the fleet has none.
    """

    __tablename__ = "fleet"
    id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger)
    stamp: Mapped[str] = mapped_column(_Stamp)
    levels: Mapped[list[Any]]
    links: Mapped[list[Any]]
    pools: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))


class HostRow(Base):
    """A host; `document` is its JSON text, as in a fleet file."""

    __tablename__ = "hosts"
    seq: Mapped[int] = mapped_column(_Serial, primary_key=True)
    name: Mapped[str] = mapped_column(_Name, unique=True)
    document: Mapped[str] = mapped_column(Text)
    generation: Mapped[int] = mapped_column(BigInteger)


class GroupRow(Base):
    """A group."""

    __tablename__ = "groups"
    seq: Mapped[int] = mapped_column(_Serial, primary_key=True)
    id: Mapped[str] = mapped_column(_Id, unique=True)
    tenant_id: Mapped[str] = mapped_column(_Name)
    user_id: Mapped[str] = mapped_column(_Name)
    name: Mapped[str | None] = mapped_column(_Name)
    policies: Mapped[list[Any]]
    details: Mapped[dict[str, Any] | None] = mapped_column("metadata", JSON(none_as_null=True))
    origin: Mapped[str] = mapped_column(String(8))
    generation: Mapped[int] = mapped_column(BigInteger)
    __table_args__ = (Index("ix_groups_tenant_id_seq", "tenant_id", "seq"),)


class ChildRow(Base):
    """A group below another."""

    __tablename__ = "group_children"
    parent: Mapped[str] = mapped_column(
        _Id, ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True
    )
    child: Mapped[str] = mapped_column(
        _Id, ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int]
    __table_args__ = (Index("ix_group_children_child", "child"),)


class GrantRow(Base):
    """A project that may join another's group."""

    __tablename__ = "group_grants"
    seq: Mapped[int] = mapped_column(_Serial, primary_key=True)
    group_id: Mapped[str] = mapped_column(_Id, ForeignKey("groups.id", ondelete="CASCADE"))
    tenant_id: Mapped[str] = mapped_column(_Name)
    created: Mapped[float]
    __table_args__ = (
        UniqueConstraint("group_id", "tenant_id"),
        Index("ix_group_grants_tenant_id", "tenant_id"),
    )


class PlacementRow(Base):
    """A placement that was claimed; kept as long as one of its instances."""

    __tablename__ = "placements"
    id: Mapped[str] = mapped_column(_Id, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(_Name)
    status: Mapped[str] = mapped_column(String(16))
    objective: Mapped[int] = mapped_column(BigInteger)
    bound: Mapped[int] = mapped_column(BigInteger)
    gap: Mapped[float]


class InstanceRow(Base):
    """An instance on a host."""

    __tablename__ = "instances"
    seq: Mapped[int] = mapped_column(_Serial, primary_key=True)
    id: Mapped[str] = mapped_column(_Id, unique=True)
    tenant_id: Mapped[str] = mapped_column(_Name)
    name: Mapped[str | None] = mapped_column(_Name)
    group_id: Mapped[str | None] = mapped_column(_Id, ForeignKey("groups.id"))
    host: Mapped[str] = mapped_column(_Name, ForeignKey("hosts.name"))
    placement_id: Mapped[str] = mapped_column(_Id, ForeignKey("placements.id"))
    expires: Mapped[float | None]
    cell: Mapped[str | None] = mapped_column(_Name)
    __table_args__ = (
        Index("ix_instances_tenant_id_seq", "tenant_id", "seq"),
        Index("ix_instances_group_id", "group_id"),
        Index("ix_instances_host", "host"),
        Index("ix_instances_placement_id", "placement_id"),
        Index("ix_instances_expires", "expires"),
    )


class AllocationRow(Base):
    """The amount that an instance takes of one resource class of its host."""

    __tablename__ = "allocations"
    instance_id: Mapped[str] = mapped_column(
        _Id, ForeignKey("instances.id", ondelete="CASCADE"), primary_key=True
    )
    resource_class: Mapped[str] = mapped_column(_Name, primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)


class JournalRow(Base):
    """One thing that a revision changed; a server reads the rows after the revision it knows."""

    __tablename__ = "journal"
    seq: Mapped[int] = mapped_column(_Serial, primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger)
    stamp: Mapped[str] = mapped_column(_Stamp)
    kind: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(_Name)
    __table_args__ = (Index("ix_journal_revision", "revision"),)


class AnswerRow(Base):
    """The answer to a request with an idempotency key; no status while it is in progress."""

    __tablename__ = "answers"
    id: Mapped[int] = mapped_column(_Serial, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(_Name)
    key: Mapped[str] = mapped_column(_Name)
    fingerprint: Mapped[str] = mapped_column(String(64))
    until: Mapped[float]
    status: Mapped[int | None]
    body: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    size: Mapped[int | None]  # characters of the body
    __table_args__ = (
        UniqueConstraint("tenant_id", "key"),
        Index("ix_answers_until", "until"),
        Index("ix_answers_tenant_id_size", "tenant_id", "size"),
    )
