"""Bodies about instances that cannot be placed: why, and what would help."""

from __future__ import annotations

from groupsolver.model.change_costs import Costs
from groupsolver.model.result import Conflict, Status
from groupsolver.model.value import Flag, Value
from groupsolver.wire.bodies.core import PlacementFields, PlacementView


class ExplainFields(PlacementFields):
    """Instances as they are asked to be placed, and what is asked of them.

    Parameters
    ----------
    costs : Costs
        What changes cost; null: not to be proposed.
    fixes : bool, default True
        Whether to look for changes that would help.
    every : bool, default False
        Whether to go on with further conflicts, until the rest is possible.
    """

    costs: Costs = Costs()
    fixes: Flag = True
    every: Flag = False


class ExplainRequest(Value):
    """The body of a placement, as it was refused; with more keys if wanted."""

    placement: ExplainFields


class ExplanationView(Value):
    """Why instances cannot be placed; or where they could be.

    Attributes
    ----------
    status : str
        As a dry run of the placement has it.
    conflict : Conflict or None
        The first of `conflicts`, with the fixes.
    never : bool or None
        Whether it would be as impossible if nothing ran anywhere; null: not decided, or not asked.
    warnings : tuple of str
        For admins.
    placement : PlacementView or None
        Where the instances could be placed; nothing is claimed.
    """

    status: Status
    conflict: Conflict | None
    conflicts: tuple[Conflict, ...]
    never: bool | None
    warnings: tuple[str, ...]
    placement: PlacementView | None


class ExplanationAnswer(Value):
    """One explanation."""

    explanation: ExplanationView
