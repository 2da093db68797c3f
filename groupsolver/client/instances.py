"""A project's instances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from groupsolver.client.paging import PAGE, pages
from groupsolver.client.session import Session, segment
from groupsolver.wire.bodies.core import InstanceAnswer, InstancesAnswer, InstanceView


class Instances:
    """The instances of a client's project: where each is. Each method raises `ClientError`."""

    def __init__(self, session: Session, path: str) -> None:
        self._session = session
        self._path = f"{path}/instances"

    def list(self, *, page: int = PAGE) -> Iterator[InstanceView]:
        """Give all instances, in the order in which they were placed, fetched in pages."""

        def fetch(marker: str | None) -> Sequence[InstanceView]:
            response = self._session.send(
                "GET", self._path, query={"limit": page, "marker": marker}
            )
            return self._session.read(response, InstancesAnswer).instances

        return pages(fetch, page)

    def get(self, id: str) -> InstanceView:  # noqa: A002 - what it is called
        """Give one instance."""
        return self._session.read(self._session.send("GET", self._at(id)), InstanceAnswer).instance

    def delete(self, id: str) -> None:  # noqa: A002
        """Remove an instance: its membership ends, and what it takes is free."""
        self._session.send("DELETE", self._at(id))

    def _at(self, id_: str) -> str:
        return f"{self._path}/{segment(id_)}"
