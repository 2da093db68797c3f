"""A CP-SAT model whose variables have known bounds, and linear expressions over these."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ortools.sat.python import cp_model

from groupsolver.constraints.cp_model.linear_expr import Linear


def sum_of(expr: Linear) -> cp_model.LinearExprT:
    """Return an expression as CP-SAT's own, without the constant."""
    return cp_model.LinearExpr.weighted_sum(expr.vars, expr.coefs)


class ExpressionModel:
    """A CP-SAT model, and what is posted of expressions.

    Parameters
    ----------
    base : ExpressionModel, optional
        One whose model this one adds to; None: a model of its own.

    Attributes
    ----------
    model : CpModel
    """

    def __init__(self, base: ExpressionModel | None = None) -> None:
        self.model: cp_model.CpModel = cp_model.CpModel() if base is None else base.model
        self._high: dict[int, int] = {}  # by variable: its upper bound
        if base is not None:
            self._high = base._high  # noqa: SLF001 - of the one model, whoever makes a variable

    def number(self, high: int) -> cp_model.IntVar:
        """Make a variable of 0 to `high`."""
        var = self.model.new_bool_var("") if high == 1 else self.model.new_int_var(0, high, "")
        self._high[var.index] = high
        return var

    def high(self, expr: Linear) -> int:
        """Return an upper bound of an expression."""
        return expr.const + sum(
            c * self._high[v.index] for v, c in zip(expr.vars, expr.coefs, strict=True) if c > 0
        )

    @staticmethod
    def total(parts: Iterable[Linear]) -> Linear:
        """Sum many expressions at once."""
        out = Linear()
        for part in parts:
            out.vars.extend(part.vars)
            out.coefs.extend(part.coefs)
            out.const += part.const
        return out

    def some(self, count: Linear) -> Linear:
        """Return, 0 or 1, whether a count of members is above 0."""
        if count.const > 0:
            return Linear(const=1)
        if len(count.vars) <= 1 and self.high(count) <= 1:
            return count
        used = self.number(1)
        for var in count.vars:
            if self._high[var.index] == 1:
                self.model.add_implication(var, used)
            else:
                self.model.add(var <= self._high[var.index] * used)
        self.model.add(sum_of(count) >= used)
        return Linear([used], [1])

    def any_of(self, uses: Sequence[Linear]) -> Linear | None:
        """Return what may be 1 only where one of several uses is; None where there are none."""
        if len(uses) < 2 or any(use.const for use in uses):
            return max(uses, key=lambda use: use.const, default=None)
        used = self.number(1)
        self.at_most(self.total(uses).times(-1).plus(Linear([used], [1])), 0)
        return Linear([used], [1])

    def largest(self, exprs: Sequence[Linear]) -> Linear:
        """Return what is at least each of some expressions, and 0; tight where that is cheaper."""
        top = self.number(max(1, *(self.high(expr) for expr in exprs)))
        for expr in exprs:
            self.at_most(expr.plus(Linear([top], [-1])), 0)
        return Linear([top], [1])

    def skew(
        self,
        counts: Sequence[Linear | None],
        size: int,
        present: Sequence[Linear | None] | None = None,
    ) -> Linear:
        """Return what is at least the largest less the smallest of some counts; None counts 0.

        Of a domain that is not `present`, 0 or 1, nothing is counted; None: it is there.
        """
        if not counts:
            return Linear()
        most = self.number(max(1, size))
        least = self.number(max(1, size))
        for count, there in zip(counts, present or [None] * len(counts), strict=True):
            if count is None and there is None:
                self.model.add(least == 0)
                continue
            here = count or Linear()
            self.at_most(here.plus(Linear([most], [-1])), 0)
            if there is not None:
                # least <= count + size where the domain is not there
                here = here.plus(size).plus(there, -size)
            self.at_most(Linear([least], [1]).plus(here, -1), 0)
        return Linear([most, least], [1, -1])

    def at_most(self, expr: Linear, limit: int) -> None:
        """Post ``expr <= limit``, where that says anything."""
        if self.high(expr) <= limit:
            return
        if expr.vars:
            self.model.add(sum_of(expr) <= limit - expr.const)
        else:
            self.model.add_bool_or([])  # nothing that is placed can change it

    def one_holds(self, one: Linear, other: Linear) -> None:
        """Post that one of two expressions, or both, are at most 0."""
        if self.high(one) <= 0 or self.high(other) <= 0:
            return
        first = self.number(1)
        self.at_most(one.plus(Linear([first], [self.high(one)])), self.high(one))
        self.at_most(other.plus(Linear([first], [-self.high(other)])), 0)

    def only_where(self, count: Linear, used: Linear) -> None:
        """Allow members of a count only where `used` is 1.

        Variable by variable, which is tighter than a row over their sum.
        """
        if used.vars:
            for var in count.vars:
                self.model.add(var <= self._high[var.index] * used.vars[0])

    def clear_hints(self) -> None:
        """Forget a placement that was hinted."""
        self.model.clear_hints()  # type: ignore[no-untyped-call]
