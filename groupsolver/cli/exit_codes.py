"""Exit codes."""

from __future__ import annotations

from enum import IntEnum

from groupsolver.model.result import Status


class Exit(IntEnum):
    """Exit codes of the command."""

    OK = 0  # placed; or nothing wrong
    INFEASIBLE = 1  # proved
    BAD_INPUT = 2  # or a package of an extra is not installed
    UNKNOWN = 3  # time ran out with no answer
    VIOLATED = 4  # `check` found hard violations
    SOME_LEFT_OUT = 5  # some applications of a batch are placed, and some left out
    UNAVAILABLE = 69  # a server cannot be reached, or cannot answer now
    BUG = 70  # the solver's answer failed the independent check
    UNWRITABLE = 74  # standard output is full, or closed
    INTERRUPTED = 130  # as a shell reports a signal: 128 + SIGINT
    BROKEN_PIPE = 141  # 128 + SIGPIPE


OF_STATUS: dict[Status, Exit] = {
    "optimal": Exit.OK,
    "feasible": Exit.OK,
    "infeasible": Exit.INFEASIBLE,
    "unknown": Exit.UNKNOWN,
}
