"""A project's groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict, Unpack

from groupsolver.client.paging import PAGE, pages
from groupsolver.client.session import Session, segment
from groupsolver.constraints.policy import Policy
from groupsolver.wire.bodies.core import (
    GroupAnswer,
    GroupFields,
    GroupRequest,
    GroupsAnswer,
    GroupView,
    plain,
)
from groupsolver.wire.bodies.grants import (
    AdoptRequest,
    GrantAnswer,
    GrantRequest,
    GrantsAnswer,
    GrantView,
    Preview,
    PreviewAnswer,
)
from groupsolver.wire.read import validated
from groupsolver.wire.write import write_body

_Query = Mapping[str, str | None]
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

    def list(
        self, *, name: str | None = None, granted: bool = False, page: int = PAGE
    ) -> Iterator[GroupView]:
        """Give all groups, oldest first, fetched in pages; with `name`, those of that name.

        With `granted`, those of other projects that this one may join.
        """

        def fetch(marker: str | None) -> Sequence[GroupView]:
            query = {"name": name, "granted": _flag(granted), "limit": page, "marker": marker}
            return self._session.read(
                self._session.send("GET", self._path, query=query), GroupsAnswer
            ).groups

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
        said = {
            "id": id,
            "name": name,
            "policies": policies,
            "metadata": metadata,
            "groups": groups,
        }
        body = _body(_fields({key: value for key, value in said.items() if value is not None}))
        return self._group(self._session.send("POST", self._path, body=body))

    def get(self, id: str) -> GroupView:  # noqa: A002
        """Give one group, the project's own or one that it may join."""
        return self.get_with_etag(id)[0]

    def get_with_etag(self, id: str) -> tuple[GroupView, str]:  # noqa: A002
        """Give one group, and the tag that `update` and `patch` take as `if_match`."""
        response = self._session.send("GET", self._at(id))
        return self._group(response), response.headers.get("ETag", "")

    def update(
        self,
        id: str,  # noqa: A002
        *,
        if_match: str | None = None,
        if_clean: bool = False,
        **changes: Unpack[Changes],
    ) -> GroupView:
        """Replace what `changes` say.

        Parameters
        ----------
        id : str
        if_match : str, optional
            Only if nobody else has changed the group since it had this tag (status 412).
        if_clean : bool, default False
            Policies and groups of a group with members too, where none of these would break a policy
            (``would-break``, with the `preview`).
        **changes
            ``name``, ``tenant_id``, ``policies``, ``metadata``, ``groups``.
        """
        return self._group(self._changed("PUT", id, if_match, _apply(if_clean), _fields(changes)))

    def patch(
        self,
        id: str,  # noqa: A002
        *,
        if_match: str | None = None,
        if_clean: bool = False,
        **changes: Unpack[Patch],
    ) -> GroupView:
        """Merge `changes` into the group, RFC 7396; `if_match` and `if_clean` as for `update`."""
        return self._group(self._changed("PATCH", id, if_match, _apply(if_clean), _patch(changes)))

    def preview(self, id: str, *, if_match: str | None = None, **changes: Unpack[Patch]) -> Preview:  # noqa: A002
        """Say which policies running members would break if `changes` were merged into the group. Changes nothing."""
        return self._preview(
            self._changed("PATCH", id, if_match, {"preview": "true"}, _patch(changes))
        )

    def grants(self, id: str) -> tuple[GrantView, ...]:  # noqa: A002
        """Give the projects that may join a group, the oldest grant first."""
        return self._session.read(
            self._session.send("GET", f"{self._at(id)}/grants"), GrantsAnswer
        ).grants

    def grant(self, id: str, tenant: str) -> GrantView:  # noqa: A002
        """Let another project place instances into a group, and name it in policies of its own."""
        asked = validated(GrantRequest, {"grant": {"tenant_id": tenant}})
        body = write_body("json", plain(asked), GrantRequest)
        response = self._session.send("POST", f"{self._at(id)}/grants", body=body, repeatable=True)
        return self._session.read(response, GrantAnswer).grant

    def revoke(self, id: str, tenant: str) -> None:  # noqa: A002
        """Let a project join a group no more: its members stay, what its policies say of the group is void."""
        self._session.send("DELETE", f"{self._at(id)}/grants/{segment(tenant)}")

    def adopt(
        self,
        id: str,  # noqa: A002
        instances: Sequence[str],
        *,
        if_match: str | None = None,
        force: bool = False,
    ) -> GroupView:
        """Make running instances, which are in no group, members of one; an admin or a service may.

        Parameters
        ----------
        id : str
            The group's.
        instances : sequence of str
            Ids.
        if_match : str, optional
            Only if nobody else has changed the group since it had this tag (status 412).
        force : bool, default False
            Though they break its policies: these then hold for what comes later as far as they can.
        """
        return self._group(self._adopted(id, instances, if_match, {"force": _flag(force)}))

    def preview_adopt(self, id: str, instances: Sequence[str]) -> Preview:  # noqa: A002
        """Say which policies the group's members would break if `adopt` took some in. Changes nothing."""
        return self._preview(self._adopted(id, instances, None, {"preview": "true"}))

    def _adopted(
        self, id_: str, instances: Sequence[str], if_match: str | None, query: _Query
    ) -> Any:
        asked = validated(AdoptRequest, {"adopt": {"instances": tuple(instances)}})
        body, headers = write_body("json", plain(asked), AdoptRequest), {"If-Match": if_match}
        # Who is in the group already is so: without a tag, it may come twice.
        again = if_match is None
        path = f"{self._at(id_)}/adopt"
        return self._session.send(
            "POST", path, query=query, body=body, headers=headers, repeatable=again
        )

    def delete(self, id: str, *, force: bool = False) -> None:  # noqa: A002
        """Remove a group; with `force`, its members run on, ungrouped."""
        self._session.send("DELETE", self._at(id), query={"force": _flag(force)})

    def _changed(
        self, method: str, id_: str, if_match: str | None, query: _Query, fields: dict[str, Any]
    ) -> Any:
        headers = {"If-Match": if_match}
        # A change that names the state it starts from is refused when it comes twice: it is not sent again.
        again = method == "PUT" and if_match is None
        path, body = self._at(id_), _body(fields)
        return self._session.send(
            method, path, query=query, body=body, headers=headers, repeatable=again
        )

    def _at(self, id_: str) -> str:
        return f"{self._path}/{segment(id_)}"

    def _group(self, response: Any) -> GroupView:
        return self._session.read(response, GroupAnswer).group

    def _preview(self, response: Any) -> Preview:
        return self._session.read(response, PreviewAnswer).preview


def _flag(value: bool) -> str | None:
    return "true" if value else None


def _apply(if_clean: bool) -> _Query:
    return {"apply": "if-clean" if if_clean else None}


def _patch(changes: Patch) -> dict[str, Any]:
    fields = _fields({key: value for key, value in changes.items() if key != "metadata"})
    if "metadata" in changes:  # its nulls mean something
        fields["metadata"] = changes["metadata"]
    return fields


def _fields(said: Mapping[str, Any]) -> dict[str, Any]:
    """Give what is said of a group as plain data, and no other key. Raises `BadInput`."""
    whole = plain(validated(GroupFields, dict(said)))
    return {key: whole[key] for key in said}


def _body(fields: dict[str, Any]) -> bytes:
    return write_body("json", {"group": fields}, GroupRequest)
