"""Bodies about instances that cannot be placed: the reasons, and changes that would help."""

from __future__ import annotations

from groupsolver.model.change_costs import Costs
from groupsolver.model.result import Conflict, Status
from groupsolver.model.value import Flag, Value
from groupsolver.wire.bodies.placements import PlacementFields, PlacementView


class ExplainFields(PlacementFields):
    """Instances to be placed, and options of their explanation.

    Parameters
    ----------
    costs : Costs
        The costs of changes; a change with null is not proposed.
    fixes : bool, default True
        Whether to look for changes that would help.
    every : bool, default False
        Whether to find further conflicts, until the rest is possible.
    """

    costs: Costs = Costs()
    fixes: Flag = True
    every: Flag = False


class ExplainRequest(Value):
    """The body of a refused placement, with optional further keys."""

    placement: ExplainFields


class ExplanationView(Value):
    """The reasons why instances cannot be placed; or where they could be.

    Attributes
    ----------
    status : str
        The status of a dry run of the placement.
    conflict : Conflict or None
        The first of `conflicts`, with the fixes.
    never : bool or None
        Whether it would be impossible on an empty fleet too; null: not decided, or not asked.
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
