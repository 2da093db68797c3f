"""A project's groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict, Unpack

from groupsolver.client.paging import MAX_PAGE, iterate_pages
from groupsolver.client.session import Session, segment
from groupsolver.constraints.policy import Policy
from groupsolver.wire.bodies.grants import (
    AdoptRequest,
    GrantAnswer,
    GrantRequest,
    GrantsAnswer,
    GrantView,
    Preview,
    PreviewAnswer,
    ReleaseRequest,
)
from groupsolver.wire.bodies.groups import (
    GroupAnswer,
    GroupFields,
    GroupRequest,
    GroupsAnswer,
    GroupView,
)
from groupsolver.wire.bodies.plain_data import plain
from groupsolver.wire.read import validated
from groupsolver.wire.write import write_body

_Query = Mapping[str, str | None]
Policies = Sequence[Policy | Mapping[str, Any] | str]


class Changes(TypedDict, total=False):
    """The fields of a change; all others stay."""

    name: str | None
    tenant_id: str
    policies: Policies
    metadata: Mapping[str, str] | None
    groups: Sequence[str]


class Patch(TypedDict, total=False):
    """The fields of a merge patch; a key of `metadata` whose value is None is removed."""

    name: str | None
    tenant_id: str
    policies: Policies
    metadata: Mapping[str, str | None] | None
    groups: Sequence[str]


class Groups:
    """The groups of a client's project.

    Each method raises `ClientError`, and `BadInput` for invalid values.
    """

    def __init__(self, session: Session, path: str) -> None:
        self._session = session
        self._path = f"{path}/groups"

    def list(
        self, *, name: str | None = None, granted: bool = False, page: int = MAX_PAGE
    ) -> Iterator[GroupView]:
        """Yield all groups, oldest first, fetched in pages.

        Parameters
        ----------
        name : str, optional
            Only groups of this name.
        granted : bool, default False
            Instead of the project's own groups, those of others that it may join.
        page : int
            Items of a page.
        """

        def fetch(marker: str | None) -> Sequence[GroupView]:
            query = {"name": name, "granted": _flag(granted), "limit": page, "marker": marker}
            response = self._session.send("GET", self._path, query=query)
            return self._session.read(response, GroupsAnswer).groups

        return iterate_pages(fetch, page)

    def create(
        self,
        *,
        name: str | None = None,
        policies: Policies = (),
        metadata: Mapping[str, str] | None = None,
        groups: Sequence[str] = (),
        id: str | None = None,  # noqa: A002 - the name of the field
    ) -> GroupView:
        """Register a group.

        Parameters
        ----------
        name : str, optional
            Need not be unique.
        policies : sequence
            Policies, their documents, or kinds.
        metadata : mapping of str to str, optional
        groups : sequence of str
            Ids of the groups below it.
        id : str, optional
            A uuid, which only an admin or a service may choose; random by default.
        """
        given = {
            "id": id,
            "name": name,
            "policies": policies,
            "metadata": metadata,
            "groups": groups,
        }
        fields = _validated_fields(
            {key: value for key, value in given.items() if value is not None}
        )
        response = self._session.send("POST", self._path, body=_to_body(fields))
        return self._read_group(response)

    def get(self, id: str) -> GroupView:  # noqa: A002
        """Return one group, the project's own or one that it may join."""
        return self.get_with_etag(id)[0]

    def get_with_etag(self, id: str) -> tuple[GroupView, str]:  # noqa: A002
        """Return one group, and the tag that `update` and `patch` take as `if_match`."""
        response = self._session.send("GET", self._path_to(id))
        return self._read_group(response), response.headers.get("ETag", "")

    def update(
        self,
        id: str,  # noqa: A002
        *,
        if_match: str | None = None,
        if_clean: bool = False,
        **changes: Unpack[Changes],
    ) -> GroupView:
        """Replace the fields of a group that `changes` contain.

        Parameters
        ----------
        id : str
        if_match : str, optional
            Only if the group still has this tag (status 412 otherwise).
        if_clean : bool, default False
            Also change policies and groups of a group with members, if no member would break a
            policy (``would-break`` otherwise, with the `preview`).
        **changes
            ``name``, ``tenant_id``, ``policies``, ``metadata``, ``groups``.
        """
        query = _apply_query(if_clean)
        return self._read_group(
            self._send_change("PUT", id, if_match, query, _validated_fields(changes))
        )

    def patch(
        self,
        id: str,  # noqa: A002
        *,
        if_match: str | None = None,
        if_clean: bool = False,
        **changes: Unpack[Patch],
    ) -> GroupView:
        """Merge `changes` into the group, RFC 7396; `if_match` and `if_clean` as for `update`."""
        query = _apply_query(if_clean)
        return self._read_group(
            self._send_change("PATCH", id, if_match, query, _patch_fields(changes))
        )

    def preview(self, id: str, *, if_match: str | None = None, **changes: Unpack[Patch]) -> Preview:  # noqa: A002
        """Return the policies that running members would break after `patch` with these changes.

        Nothing is changed.
        """
        query = {"preview": "true"}
        return self._read_preview(
            self._send_change("PATCH", id, if_match, query, _patch_fields(changes))
        )

    def grants(self, id: str) -> tuple[GrantView, ...]:  # noqa: A002
        """Return the grants of a group, the oldest first."""
        response = self._session.send("GET", f"{self._path_to(id)}/grants")
        return self._session.read(response, GrantsAnswer).grants

    def grant(self, id: str, tenant: str) -> GrantView:  # noqa: A002
        """Allow another project to place instances into a group, and to name it in its policies."""
        request = validated(GrantRequest, {"grant": {"tenant_id": tenant}})
        body = write_body("json", plain(request), GrantRequest)
        path = f"{self._path_to(id)}/grants"
        response = self._session.send("POST", path, body=body, repeatable=True)
        return self._session.read(response, GrantAnswer).grant

    def revoke(self, id: str, tenant: str) -> None:  # noqa: A002
        """Revoke a grant: the project's members stay; its policies that name the group are void."""
        self._session.send("DELETE", f"{self._path_to(id)}/grants/{segment(tenant)}")

    def adopt(
        self,
        id: str,  # noqa: A002
        instances: Sequence[str],
        *,
        if_match: str | None = None,
        force: bool = False,
    ) -> GroupView:
        """Make running instances that are in no group members of one; for admins and services.

        Parameters
        ----------
        id : str
            The group's.
        instances : sequence of str
            Ids.
        if_match : str, optional
            Only if the group still has this tag (status 412 otherwise).
        force : bool, default False
            Even if they break its policies: these then bind later members as far as they can.
        """
        query = {"force": _flag(force)}
        return self._read_group(self._send_adoption(id, instances, if_match, query))

    def release(
        self,
        id: str,  # noqa: A002
        instances: Sequence[str],
        *,
        if_match: str | None = None,
    ) -> GroupView:
        """End the membership of the project's own instances in a group: they run on in none.

        Parameters
        ----------
        id : str
            The group's: the project's own, or one that it may join.
        instances : sequence of str
            Ids.
        if_match : str, optional
            Only if the group still has this tag (status 412 otherwise).
        """
        request = validated(ReleaseRequest, {"release": {"instances": tuple(instances)}})
        response = self._session.send(
            "POST",
            f"{self._path_to(id)}/release",
            body=write_body("json", plain(request), ReleaseRequest),
            headers={"If-Match": if_match},
            # To release twice does no harm; with a tag, a repeated request would be refused.
            repeatable=if_match is None,
        )
        return self._read_group(response)

    def preview_adopt(self, id: str, instances: Sequence[str]) -> Preview:  # noqa: A002
        """Return the policies that the group's members would break after `adopt`.

        Nothing is changed.
        """
        return self._read_preview(self._send_adoption(id, instances, None, {"preview": "true"}))

    def _send_adoption(
        self, id_: str, instances: Sequence[str], if_match: str | None, query: _Query
    ) -> Any:
        request = validated(AdoptRequest, {"adopt": {"instances": tuple(instances)}})
        return self._session.send(
            "POST",
            f"{self._path_to(id_)}/adopt",
            query=query,
            body=write_body("json", plain(request), AdoptRequest),
            headers={"If-Match": if_match},
            # To adopt twice does no harm; with a tag, a repeated request would be refused.
            repeatable=if_match is None,
        )

    def delete(self, id: str, *, force: bool = False) -> None:  # noqa: A002
        """Remove a group; with `force`, its members run on, ungrouped."""
        self._session.send("DELETE", self._path_to(id), query={"force": _flag(force)})

    def _send_change(
        self, method: str, id_: str, if_match: str | None, query: _Query, fields: dict[str, Any]
    ) -> Any:
        return self._session.send(
            method,
            self._path_to(id_),
            query=query,
            body=_to_body(fields),
            headers={"If-Match": if_match},
            # A change with a tag is refused when it arrives twice: it is not repeated.
            repeatable=method == "PUT" and if_match is None,
        )

    def _path_to(self, id_: str) -> str:
        return f"{self._path}/{segment(id_)}"

    def _read_group(self, response: Any) -> GroupView:
        return self._session.read(response, GroupAnswer).group

    def _read_preview(self, response: Any) -> Preview:
        return self._session.read(response, PreviewAnswer).preview


def _flag(value: bool) -> str | None:
    return "true" if value else None


def _apply_query(if_clean: bool) -> _Query:
    return {"apply": "if-clean" if if_clean else None}


def _patch_fields(changes: Patch) -> dict[str, Any]:
    others = {key: value for key, value in changes.items() if key != "metadata"}
    fields = _validated_fields(others)
    if "metadata" in changes:  # not validated: its nulls remove keys
        fields["metadata"] = changes["metadata"]
    return fields


def _validated_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given fields of a group as plain data, and no others. Raises `BadInput`."""
    all_fields = plain(validated(GroupFields, dict(given)))
    return {key: all_fields[key] for key in given}


def _to_body(fields: dict[str, Any]) -> bytes:
    return write_body("json", {"group": fields}, GroupRequest)
