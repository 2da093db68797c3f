"""A project's instances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from groupsolver.client.paging import MAX_PAGE, iterate_pages
from groupsolver.client.session import Session, segment
from groupsolver.wire.bodies.instances import InstanceAnswer, InstancesAnswer, InstanceView


class Instances:
    """The instances of a client's project. Each method raises `ClientError`."""

    def __init__(self, session: Session, path: str) -> None:
        self._session = session
        self._path = f"{path}/instances"

    def list(self, *, page: int = MAX_PAGE) -> Iterator[InstanceView]:
        """Yield all instances, in the order in which they were placed, fetched in pages."""

        def fetch(marker: str | None) -> Sequence[InstanceView]:
            query = {"limit": page, "marker": marker}
            response = self._session.send("GET", self._path, query=query)
            return self._session.read(response, InstancesAnswer).instances

        return iterate_pages(fetch, page)

    def get(self, id: str) -> InstanceView:  # noqa: A002 - the name of the field
        """Return one instance."""
        response = self._session.send("GET", self._path_to(id))
        return self._session.read(response, InstanceAnswer).instance

    def delete(self, id: str) -> None:  # noqa: A002
        """Remove an instance: its membership ends, and what it takes is free."""
        self._session.send("DELETE", self._path_to(id))

    def _path_to(self, id_: str) -> str:
        return f"{self._path}/{segment(id_)}"
