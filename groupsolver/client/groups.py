"""A project's groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict, Unpack

from groupsolver.client.paging import PAGE, pages
from groupsolver.client.session import Session, segment
from groupsolver.constraints.policy import Policy
from groupsolver.wire.bodies import GroupAnswer, GroupFields, GroupRequest, GroupsAnswer, GroupView, plain
from groupsolver.wire.read import validated
from groupsolver.wire.write import write_body

Policies = Sequence[Policy | Mapping[str, Any] | str]


class Changes(TypedDict, total=False):
    """What a change says; what it does not say stays."""

    name: str | None
    tenant_id: str
    policies: Policies
    metadata: Mapping[str, str] | None
    groups: Sequence[str]


class Patch(TypedDict, total=False):
    """What a merge patch says: a key of `metadata` whose value is None is taken out."""

    name: str | None
    tenant_id: str
    policies: Policies
    metadata: Mapping[str, str | None] | None
    groups: Sequence[str]


class Groups:
    """The groups of a client's project. Each method raises `ClientError`, and `BadInput` for values that are none."""

    def __init__(self, session: Session, path: str) -> None:
        self._session = session
        self._path = f"{path}/groups"

    def list(self, *, name: str | None = None, page: int = PAGE) -> Iterator[GroupView]:
        """Give all groups, oldest first, fetched in pages; with `name`, those of that name."""

        def fetch(marker: str | None) -> Sequence[GroupView]:
            query = {"name": name, "limit": page, "marker": marker}
            return self._session.read(self._session.send("GET", self._path, query=query), GroupsAnswer).groups

        return pages(fetch, page)

    def create(
        self,
        *,
        name: str | None = None,
        policies: Policies = (),
        metadata: Mapping[str, str] | None = None,
        groups: Sequence[str] = (),
        id: str | None = None,  # noqa: A002 - what it is called
    ) -> GroupView:
        """Register a group.

        Parameters
        ----------
        name : str, optional
            Need not be unique.
        policies : sequence
            Values, their documents, or bare kinds.
        metadata : mapping of str to str, optional
        groups : sequence of str
            Ids of the groups below it.
        id : str, optional
            A uuid, which only an admin or a service may choose.
        """
        said = {"id": id, "name": name, "policies": policies, "metadata": metadata, "groups": groups}
        body = _body(_fields({key: value for key, value in said.items() if value is not None}))
        return self._group(self._session.send("POST", self._path, body=body))

    def get(self, id: str) -> GroupView:  # noqa: A002
        """Give one group."""
        return self.get_with_etag(id)[0]

    def get_with_etag(self, id: str) -> tuple[GroupView, str]:  # noqa: A002
        """Give one group, and the tag that `update` and `patch` take as `if_match`."""
        response = self._session.send("GET", self._at(id))
        return self._group(response), response.headers.get("ETag", "")

    def update(self, id: str, *, if_match: str | None = None, **changes: Unpack[Changes]) -> GroupView:  # noqa: A002
        """Replace what `changes` say; with `if_match`, only if nobody else has changed the group (status 412)."""
        return self._changed("PUT", id, if_match, _fields(changes))

    def patch(self, id: str, *, if_match: str | None = None, **changes: Unpack[Patch]) -> GroupView:  # noqa: A002
        """Merge `changes` into the group, RFC 7396."""
        fields = _fields({key: value for key, value in changes.items() if key != "metadata"})
        if "metadata" in changes:
            fields["metadata"] = changes["metadata"]
        return self._changed("PATCH", id, if_match, fields)

    def delete(self, id: str, *, force: bool = False) -> None:  # noqa: A002
        """Remove a group; with `force`, its members run on, ungrouped."""
        self._session.send("DELETE", self._at(id), query={"force": "true" if force else None})

    def _changed(self, method: str, id_: str, if_match: str | None, fields: dict[str, Any]) -> GroupView:
        headers = {"If-Match": if_match}
        # A change that names the state it starts from is refused when it comes twice: it is not sent again.
        again = method == "PUT" and if_match is None
        response = self._session.send(method, self._at(id_), body=_body(fields), headers=headers, repeatable=again)
        return self._group(response)

    def _at(self, id_: str) -> str:
        return f"{self._path}/{segment(id_)}"

    def _group(self, response: Any) -> GroupView:
        return self._session.read(response, GroupAnswer).group


def _fields(said: Mapping[str, Any]) -> dict[str, Any]:
    """Give what is said of a group as plain data, and no other key. Raises `BadInput`."""
    whole = plain(validated(GroupFields, dict(said)))
    return {key: whole[key] for key in said}


def _body(fields: dict[str, Any]) -> bytes:
    return write_body("json", {"group": fields}, GroupRequest)
