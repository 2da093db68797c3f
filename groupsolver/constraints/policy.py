"""What every policy is: a few fields, a sentence, a measure, a mask for the heuristic, a model.

Whatever only one subsystem asks is in `groupsolver.constraints.protocols`, one file a subsystem. A
policy that implements nothing of these gets the safe default of each.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING

from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.view import View
from groupsolver.model.application import BasePolicy
from groupsolver.model.compiled.arrays import Mask

if TYPE_CHECKING:  # ortools is loaded with the first solve
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder


class Policy(BasePolicy, ABC):
    """Base of all policies. A subclass has typed fields and these faces, in this order.

    1. the declaration: docstring (sentence, formula, when it holds, source) and fields;
    2. `describe`: the sentence that a person reads;
    3. `violations`: the checker, plain loops over a `View`, returning the measure;
    4. `allowed`: where the next member may go, over all hosts at once;
    5. `encode`: the same in the vocabulary of `ModelBuilder`.

    """

    @property
    def monotone(self) -> bool:
        """Whether leaving any members out, running ones or new, never raises the measure.

        Default: false. Several subsystems search faster where it is true; a wrong claim makes them
        prove what is false.
        """
        return False

    @property
    def hard(self) -> bool:
        """Whether it must hold; otherwise it has a price."""
        return self.weight is None

    @property
    def declared_hard(self) -> bool:
        """Whether its file says that it must hold.

        A stage of a lexicographic solve holds a soft policy as a hard one where its tier costs
        nothing: that one keeps its priority, and is hard without having been declared so.
        """
        return self.weight is None and self.priority is None

    @property
    def softness(self) -> str:
        """What follows its sentence where it is soft: its weight and its priority."""
        if self.hard:
            return ""
        if self.priority is None:
            return f" (soft, weight {self.weight})"
        return f" (soft, weight {self.weight}, priority {self.priority})"

    @abstractmethod
    def describe(self, group: str) -> str:
        """Return the rule as one English sentence."""

    @abstractmethod
    def violations(self, group: str, view: View) -> int:
        """Return the measure: 0 where the policy holds, and 0 where no member is placed."""

    def excesses(self, group: str, view: View) -> Iterable[str]:
        """Yield in words what makes up the measure, the worst first: a place or a member each.

        Default: nothing; a penalty then says *short by N*.
        """
        return ()

    @abstractmethod
    def allowed(self, group: str, member_group: str, partial: Partial) -> Mask | None:
        """Return the hosts where the next member may go, (U,) bool; None: anywhere.

        Never rule out what every completion of `partial` needs.

        Parameters
        ----------
        group : str
            The policy's group.
        member_group : str
            The group of the member that comes: below the policy's group, or below the one it names.
        partial : Partial
        """

    @abstractmethod
    def encode(self, group: str, builder: ModelBuilder) -> None:
        """Post the policy of a group in a model."""
