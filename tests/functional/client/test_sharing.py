"""Groups with members that are shared, changed or extended, by the client and the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from groupsolver import BadInput
from groupsolver.cli.main import main
from groupsolver.client import Client, GroupView, Hints, InstanceRequest, ServerError
from tests.support.drivers.remote_files import at, client, files
from tests.support.drivers.server_thread import serving

__all__ = ["client", "files"]
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("server")) as url:
        yield url


@pytest.fixture
def guest(url: str, client: Client) -> Iterator[Client]:
    with Client(url, f"guest-{client.tenant}") as guest:
        yield guest
        for one in guest.instances.list():
            guest.instances.delete(one.id)


def place(client: Client, group: GroupView | None = None, count: int = 1) -> list[str]:
    hints = Hints(group=group.id if group else None)
    placed = client.place([InstanceRequest(resources={"VCPU": 1}, count=count, hints=hints)])
    return [str(instance.id) for instance in placed.instances]


def refusal(call: Callable[[], object]) -> ServerError:
    with pytest.raises(ServerError) as caught:
        call()
    return caught.value


def test_a_group_is_shared_seen_and_taken_back(client: Client, guest: Client) -> None:
    group = client.groups.create(name="shared", metadata={"a": "b"})
    assert group.other_members is None
    made = client.groups.grant(group.id, guest.tenant)
    assert (made.group_id, made.tenant_id) == (group.id, guest.tenant)
    assert client.groups.grant(group.id, guest.tenant) == made
    assert client.groups.grants(group.id) == (made,)
    place(guest, group, 2)
    assert client.groups.get(group.id).other_members == 2
    theirs = guest.groups.get(group.id)
    assert (len(theirs.members), theirs.other_members, theirs.metadata) == (2, 0, None)
    assert list(guest.groups.list(granted=True)) == [theirs]
    assert list(guest.groups.list()) == []
    client.groups.revoke(group.id, guest.tenant)
    assert client.groups.grants(group.id) == ()
    assert refusal(lambda: client.groups.revoke(group.id, guest.tenant)).code == "grant-not-found"
    assert refusal(lambda: guest.groups.get(group.id)).code == "group-not-found"


def test_a_change_is_looked_at_and_made_where_nothing_breaks(client: Client) -> None:
    group = client.groups.create(name="web")
    ids = place(client, group, 2)
    preview = client.groups.preview(group.id, policies=["anti-affinity"])
    assert (preview.clean, preview.violations[0].members) == (False, tuple(ids))
    for change in (client.groups.update, client.groups.patch):
        if_clean = partial(change, group.id, if_clean=True, policies=["anti-affinity"])
        error = refusal(if_clean)
        assert (error.code, error.preview) == ("would-break", preview)
        assert refusal(partial(change, group.id, policies=["exclusive"])).preview is None
    assert client.groups.preview(group.id, policies=["affinity"]).clean
    assert [
        p.kind
        for p in client.groups.update(group.id, if_clean=True, policies=["affinity"]).policies
    ] == ["affinity"]


def test_instances_are_adopted(client: Client) -> None:
    group = client.groups.create(policies=["anti-affinity"])
    ids = place(client, count=2)
    preview = client.groups.preview_adopt(group.id, ids)
    assert not preview.clean
    assert refusal(lambda: client.groups.adopt(group.id, ids)).preview == preview
    _, tag = client.groups.get_with_etag(group.id)
    assert client.groups.adopt(group.id, ids[:1], if_match=tag).members == (ids[0],)
    assert refusal(lambda: client.groups.adopt(group.id, ids[1:], if_match=tag)).status == 412
    assert client.groups.adopt(group.id, ids[1:], force=True).members == tuple(ids)
    for wrong in ([], ["x"]):
        with pytest.raises(BadInput):
            client.groups.adopt(group.id, wrong)
    with pytest.raises(BadInput):
        client.groups.grant(group.id, "..")


def test_members_are_released_and_run_on(client: Client, guest: Client) -> None:
    group = client.groups.create()
    first, second = place(client, group, 2)
    _, tag = client.groups.get_with_etag(group.id)
    assert client.groups.release(group.id, [first], if_match=tag).members == (second,)
    assert refusal(lambda: client.groups.release(group.id, [second], if_match=tag)).status == 412
    assert client.instances.get(first).group is None
    assert client.groups.release(group.id, [first]).members == (second,)
    with pytest.raises(BadInput):
        client.groups.release(group.id, [])
    client.groups.grant(group.id, guest.tenant)
    (theirs,) = place(guest, group)
    assert guest.groups.release(group.id, [theirs]).members == ()
    assert client.groups.get(group.id).other_members == 0


def test_the_command_grants_lists_and_revokes(
    client: Client, guest: Client, capsys: Captured
) -> None:
    group = client.groups.create(name="shared")
    assert main(at(client, "group", "grant", group.id, guest.tenant)) == 0
    assert capsys.readouterr() == ("", "")
    (grant,) = client.groups.grants(group.id)
    assert main(at(client, "group", "grants", group.id)) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == [guest.tenant, grant.created_at]
    assert main(at(client, "group", "grants", group.id, "--output", "json")) == 0
    assert json.loads(capsys.readouterr().out) == {"grants": [grant.model_dump()]}
    place(guest, group)
    assert main(at(guest, "group", "list", "--granted")) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:3] == [group.id, "shared", "1"]
    assert main(at(client, "group", "show", group.id)) == 0
    assert capsys.readouterr().out.splitlines()[-1].split(maxsplit=1) == [
        "others",
        "1 member of other projects",
    ]
    assert main(at(client, "group", "revoke", group.id, guest.tenant)) == 0
    assert main(at(client, "group", "revoke", group.id, guest.tenant)) == 2
    assert "[grant-not-found]" in capsys.readouterr().err


def test_the_command_says_what_would_break(
    client: Client, guest: Client, files: Path, capsys: Captured
) -> None:
    group = client.groups.create(name="web")
    client.groups.grant(group.id, guest.tenant)
    ids = place(client, group, 2)
    place(guest, group)
    change = ["group", "update", group.id, "--policy", "anti-affinity"]
    assert main(at(client, *change, "--preview")) == 4
    lines = [
        f"{group.id}: anti-affinity: no host holds more than 1 member of web (by 3)",
        *(f"  {key}" for key in ids),
        "  1 member of other projects",
    ]
    assert capsys.readouterr().out.splitlines() == lines
    assert main(at(client, *change, "--preview", "--output", "json")) == 4
    assert json.loads(capsys.readouterr().out)["preview"]["clean"] is False
    assert main(at(client, *change, "--if-clean")) == 2
    errors = capsys.readouterr().err.splitlines()
    assert "[would-break]" in errors[0]
    assert errors[1:] == lines
    clean = ["group", "update", group.id, "--policy", "affinity"]
    assert main(at(client, *clean, "--preview")) == 0
    assert capsys.readouterr().out == "no running member would break a policy\n"
    assert main(at(client, *clean, "--if-clean")) == 0
    with pytest.raises(SystemExit):
        raise SystemExit(main(at(client, *clean, "--if-clean", "--preview")))


def test_the_command_adopts(client: Client, capsys: Captured) -> None:
    group = client.groups.create(policies=["anti-affinity"])
    ids = place(client, count=2)
    assert main(at(client, "group", "adopt", group.id, *ids, "--preview")) == 4
    assert main(at(client, "group", "adopt", group.id, *ids)) == 2
    capsys.readouterr()
    assert main(at(client, "group", "adopt", group.id, *ids, "--force")) == 0
    assert ids[1] in capsys.readouterr().out
    assert client.groups.get(group.id).members == tuple(ids)


def test_the_command_releases(client: Client, capsys: Captured) -> None:
    group = client.groups.create()
    first, second = place(client, group, 2)
    assert main(at(client, "group", "release", group.id, first)) == 0
    out = capsys.readouterr().out
    assert second in out
    assert first not in out
    assert main(at(client, "group", "release", group.id, group.id)) == 2
    assert client.groups.get(group.id).members == (second,)
