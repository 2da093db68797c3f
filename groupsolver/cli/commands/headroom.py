"""``groupsolver headroom``: how many more copies of an application fit."""

from __future__ import annotations

import gc
from collections.abc import Iterator

from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.inputs import load_both
from groupsolver.cli.options import Options
from groupsolver.cli.output.progress import watched
from groupsolver.cli.output.stdout import give
from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput
from groupsolver.files.reading import name_of
from groupsolver.model.compiled.compiled_fleet import compile_fleet
from groupsolver.model.headroom import Headroom
from groupsolver.model.result import Limits, Watch
from groupsolver.model.units import count_of

MAX_HOST_TYPES_LISTED = 10  # types of host in the table


def headroom(options: Options) -> int:
    """Answer on standard output."""
    app, fleet = load_both(options)
    compiled = compile_fleet(fleet)
    gc.freeze()  # what was read stays to the end: the collector need not look at it again
    limits = Limits(
        seconds=options.time_limit, gap=options.gap, workers=options.workers, seed=options.seed
    )

    from groupsolver.solver.headroom.pipeline import headroom as find  # brings ortools and scipy

    def run(watch: Watch) -> Headroom:
        return find(app, compiled, limits=limits, progress=watch)

    try:
        answer, _ = watched(run)
    except BadInput as error:
        raise error.in_file(name_of(options.app)) from None
    give(options.output, answer.document(), lambda: _lines(app, answer))
    return Exit.OK if answer.copies or not answer.bound else Exit.UNKNOWN


def _lines(app: Application, answer: Headroom) -> Iterator[tuple[str, str]]:
    from groupsolver.cli.output.styled_lines import aligned, section

    name = f"{app.name}: " if app.name else ""
    yield f"{name}{_head(answer)}; {answer.seconds:.2f} s", _colour(answer)
    if answer.scarce:
        yield from section("what runs out")
        yield from ((f"  - {one.sentence}", "") for one in answer.scarce)
    if answer.unlocks:
        yield from section("what one more empty host brings")
        rows: list[tuple[str, ...]] = [("like", "hosts of the type", "copies, up to")]
        rows += [
            (one.like, f"{one.hosts:,}", f"{one.rate:,.2f}")
            for one in answer.unlocks[:MAX_HOST_TYPES_LISTED]
        ]
        first, *body = aligned(rows)
        yield first, "dim"
        yield from ((line, "") for line in body)
        if len(answer.unlocks) > MAX_HOST_TYPES_LISTED:
            yield (
                f"  and {count_of(len(answer.unlocks) - MAX_HOST_TYPES_LISTED, 'type')} more",
                "dim",
            )
    if answer.warnings:
        yield from section("warnings")
        yield from ((f"  {warning}", "yellow") for warning in answer.warnings)


def _head(answer: Headroom) -> str:
    copies = "1 more copy fits" if answer.copies == 1 else f"{answer.copies:,} more copies fit"
    if not answer.copies:
        copies = "no further copy fits" if not answer.bound else "no further copy was found in time"
    if answer.copies == answer.bound:
        return f"{copies}; proved that no more do"
    return f"{copies}; proved that no more than {answer.bound:,} do (gap {answer.gap:.2%})"


def _colour(answer: Headroom) -> str:
    if not answer.copies:
        return "bold red"
    return "bold green" if answer.copies == answer.bound else "bold yellow"
