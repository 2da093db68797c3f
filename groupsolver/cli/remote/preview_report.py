"""What running members would break, if a group with members were changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.options import Options
from groupsolver.cli.output.answer import write_data
from groupsolver.cli.output.rows import rows_wanted, write_rows
from groupsolver.cli.output.styled_lines import print_lines
from groupsolver.model.units import count_of

if TYPE_CHECKING:
    from groupsolver.client import Preview


def print_preview(preview: Preview, options: Options) -> int:
    """Print what running members would break, and return the exit code."""
    if rows_wanted(options):
        rows = [(one.group, one.policy, one.sentence, one.measure) for one in preview.violations]
        write_rows(options, ("group", "policy", "rule", "by"), rows)
    elif options.output == "table":
        print_lines((line, "") for line in preview_lines(preview))
    else:
        write_data(options.output, {"preview": preview.model_dump(mode="json")})
    return Exit.OK if preview.clean else Exit.VIOLATED


def preview_lines(preview: Preview) -> list[str]:
    """Return a line for each policy that would be broken, and for each member that breaks it."""
    if preview.clean:
        return ["no running member would break a policy"]
    lines = []
    for violation in preview.violations:
        policy = f"{violation.group}: {violation.policy}: {violation.sentence}"
        lines.append(f"{policy} (by {violation.measure})")
        lines += [f"  {member}" for member in violation.members]
        if violation.other_members:
            lines.append(f"  {count_of(violation.other_members, 'member')} of other projects")
    return lines
