"""``groupsolver cluster``: a file with a fleet and what runs on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from groupsolver.cli.arguments import add_actions, add_output
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.options import Options, of_options
from groupsolver.cli.output.answer import write_answer
from groupsolver.cli.output.rows import Cell, rows_wanted, write_rows
from groupsolver.cli.output.styled_lines import Line, print_lines
from groupsolver.cli.output.text_table import titled_table
from groupsolver.cluster.cluster import Cluster
from groupsolver.cluster.cluster_file import ClusterFile
from groupsolver.cluster.cluster_snapshot import UnknownApplication
from groupsolver.cluster.members import ClusterMember
from groupsolver.cluster.usage import APPLICATION, Usage
from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput, Fault, UnknownHost
from groupsolver.files import load_fleet, read_document
from groupsolver.files.reading import name_of
from groupsolver.model.fleet import Host
from groupsolver.model.units import count_of, shortened

MAX_NAMED = 5  # applications in a message
Titles = tuple[str, ...]
Row = tuple[Cell, ...]


def add_parser(commands: Any) -> None:
    """Add ``cluster`` and its actions to the command line."""
    add_action = add_actions(commands, "cluster", "what runs on a fleet, kept in a file")

    def add(action: str, help_: str, *, output: bool = False) -> Any:
        parser = add_action(action, help_)
        file_help = "the cluster, JSON"
        parser.add_argument("--cluster", metavar="FILE", required=True, help=file_help)
        if output:
            add_output(parser)
        return parser

    create = add("create", "make the file of a cluster on which nothing runs yet")
    create.add_argument("--fleet", metavar="FILE", required=True, help="the fleet, YAML or JSON")
    add("show", "list the applications that run", output=True)
    usage = add("usage", "show what is in use", output=True)
    by_help = "host, a level of the fleet, or application (default: host)"
    usage.add_argument("--by", default="host", metavar="LEVEL", help=by_help)
    members = add("members", "list the members that run", output=True)
    members.add_argument("--host", metavar="NAME", help="those on a host")
    members.add_argument("--application", metavar="NAME", help="those of an application")
    remove = add("remove", "remove an application, or some of its members")
    remove.add_argument("application", metavar="NAME")
    ids_help = "a member; by default all of the application"
    remove.add_argument("members", metavar="ID", nargs="*", help=ids_help)
    host = add("add-host", "add a host, or replace the one of its name")
    host.add_argument("host", metavar="FILE", help="the host, YAML or JSON; - is standard input")
    gone = add("remove-host", "remove a host on which nothing runs")
    gone.add_argument("host", metavar="NAME")
    lost_help = "the host is lost, with the members that run on it"
    gone.add_argument("--lost", action="store_true", help=lost_help)


def run(options: Options) -> int:
    """Read or change the file of a cluster. Raises `BadInput`."""
    try:
        return _ACTIONS[options.action](options)
    except (UnknownApplication, UnknownHost) as error:
        raise BadInput([Fault(error.code, "", str(error), name_of(_path(options)))]) from None


def _path(options: Options) -> str:
    return str(options.cluster)


def _create(options: Options) -> int:
    cluster = Cluster(load_fleet(options.fleet))
    file = ClusterFile(_path(options))
    with file.locked():
        if file.path.exists():
            message = "the file exists; expected a new one"
            raise BadInput([Fault("unwritable-file", "", message, _path(options))])
        file.write(cluster.document())
    hosts = count_of(len(cluster.fleet.hosts), "host")
    _write(f"made {_path(options)} with {hosts}; nothing runs there yet")
    return Exit.OK


def _show(options: Options) -> int:
    cluster = Cluster.load(_path(options)).snapshot()
    data = {name: app.document() for name, app in cluster.applications.items()}
    titles = ("application", "groups", "members", "hosts")
    rows = [_application_row(name, app) for name, app in cluster.applications.items()]
    if rows_wanted(options):
        write_rows(options, titles, rows)
        return Exit.OK

    def lines() -> Iterator[Line]:
        fleet = cluster.fleet
        hosts = count_of(len(fleet.hosts), "host")
        running = count_of(len(cluster.members()), "member")
        applications = count_of(len(data), "application")
        yield f"{hosts}; {applications}; {running}", "bold"
        if data:
            yield "", ""
            yield from _table(titles, rows)

    write_answer(options.output, data, lines)
    return Exit.OK


def _application_row(name: str, app: Application) -> Row:
    hosts = {there.host for there in app.existing}
    return name, len(app.groups), len(app.existing), len(hosts)


def _usage(options: Options) -> int:
    try:
        usage = Cluster.load(_path(options)).usage(options.by)
    except BadInput as error:
        raise of_options(error, "by") from None
    data = {
        name: {
            "hosts": one.hosts,
            "members": one.members,
            "capacity": one.capacity,
            "others": one.others,
            "taken": one.taken,
            "free": one.free,
        }
        for name, one in usage.items()
    }
    by_application = options.by == APPLICATION
    titles, rows = _usage_table(options.by, usage, by_application=by_application)
    if rows_wanted(options):
        write_rows(options, titles, rows)
        return Exit.OK

    def lines() -> Iterator[Line]:
        if not by_application:
            yield "each class: taken by members + used by others / capacity", "dim"
        yield from _table(titles, rows)

    write_answer(options.output, data, lines)
    return Exit.OK


def _usage_table(
    by: str, usage: dict[str, Usage], *, by_application: bool
) -> tuple[Titles, list[Row]]:
    classes: dict[str, None] = {}
    for one in usage.values():
        classes.update(dict.fromkeys(one.taken if by_application else one.capacity))
    rows = []
    for name, one in usage.items():
        amounts = [_amount(one, resource, by_application) for resource in classes]
        rows.append((name, one.hosts, one.members, *amounts))
    return (by, "hosts", "members", *classes), rows


def _amount(usage: Usage, resource: str, by_application: bool) -> Cell:
    taken = usage.taken.get(resource, 0)
    if by_application:
        return taken
    return f"{taken} + {usage.others.get(resource, 0)} / {usage.capacity.get(resource, 0)}"


def _members(options: Options) -> int:
    cluster = Cluster.load(_path(options))
    members = cluster.members(options.host, application=options.application)
    data = [
        {
            "id": one.id,
            "application": one.application,
            "group": one.group,
            "host": one.host,
            "resources": one.resources,
            "cell": one.cell,
        }
        for one in members
    ]
    titles = ("application", "member", "host", "takes")
    rows = _member_rows(members)
    if rows_wanted(options):
        write_rows(options, titles, rows)
    else:
        none: list[Line] = [("no member runs", "")]
        write_answer(options.output, data, lambda: _table(titles, rows) if rows else none)
    return Exit.OK


def _member_rows(members: Sequence[ClusterMember]) -> list[Row]:
    def row(one: ClusterMember) -> Row:
        takes = ", ".join(f"{amount} {name}" for name, amount in one.resources.items())
        host = one.host if one.cell is None else f"{one.host}, cell {one.cell}"
        return one.application, one.id, host, takes

    return [row(one) for one in members]


def _remove(options: Options) -> int:
    def change(cluster: Cluster) -> str:
        gone = cluster.remove(options.application, options.members or None)
        return f"removed {count_of(len(gone), 'member')} of {options.application}"

    return _change(options, change)


def _add_host(options: Options) -> int:
    host = _load_host(options.host)

    def change(cluster: Cluster) -> str:
        known = host.name in cluster.compiled()
        cluster.update_host(host)
        return f"{'replaced' if known else 'added'} host {host.name}"

    return _change(options, change)


def _load_host(path: str) -> Host:
    from groupsolver.files import parse_document

    return parse_document(Host, read_document(path), name_of(path))


def _remove_host(options: Options) -> int:
    def change(cluster: Cluster) -> str:
        running = cluster.members(options.host)
        if running and not options.lost:
            names = shortened(sorted({one.application for one in running}), MAX_NAMED)
            members = f"{count_of(len(running), 'member')}, of {names}"
            message = f"runs {members}; --lost removes them, too"
            raise BadInput([Fault("host-in-use", options.host, message, _path(options))])
        if not options.lost:
            cluster.remove_host(options.host)
            return f"removed host {options.host}"
        lost = cluster.lose_host(options.host)
        names = ", ".join(f"{one.application}:{one.id}" for one in lost)
        return f"removed host {options.host}; lost members: {names or 'none'}"

    return _change(options, change)


def _change(options: Options, change: Callable[[Cluster], str]) -> int:
    """Change the file of a cluster, and say what was done once it is written."""
    with Cluster.open(_path(options)) as cluster:
        done = change(cluster)
    _write(done)
    return Exit.OK


def _table(titles: Titles, rows: Iterable[Row]) -> Iterator[Line]:
    return titled_table([titles, *([str(cell) for cell in row] for row in rows)])


def _write(text: str) -> None:
    print_lines([(text, "")])


_ACTIONS: dict[str, Callable[[Options], int]] = {
    "create": _create,
    "show": _show,
    "usage": _usage,
    "members": _members,
    "remove": _remove,
    "add-host": _add_host,
    "remove-host": _remove_host,
}
