"""A solve while it runs on a terminal: its progress, and Ctrl-C."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Generic, NoReturn, TypeVar

from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.output.numbers import percentage
from groupsolver.cli.output.stderr import print_message
from groupsolver.model.result import Progress, Watch

T = TypeVar("T")

INTERRUPTED = "interrupted: this is the best answer found until then"
_STOPPING = "stopping with the best so far; Ctrl-C again leaves at once"


def run_watched(solve: Callable[[Watch], T]) -> tuple[T, bool]:
    """Run `solve` in a thread, so that Ctrl-C is noticed while the solver is busy.

    Ctrl-C on a terminal asks the solve to stop, and it answers with what it has. A second Ctrl-C,
    or one without a terminal, ends the process.

    Returns
    -------
    (T, bool)
        The answer, and whether the solve was asked to stop.
    """
    stop = Event()
    terminal = sys.stderr.isatty()
    try:
        with _progress_bar(terminal) as show:

            def watch(progress: Progress) -> bool:
                if not stop.is_set():
                    show(_line(progress))
                return stop.is_set()

            call = _BackgroundCall(lambda: solve(watch))
            try:
                call.wait()
            except KeyboardInterrupt:
                if not terminal:
                    raise
                stop.set()
                show(_STOPPING)
                call.wait()
    except KeyboardInterrupt:
        _exit_now()
    return call.result(), stop.is_set()


class _BackgroundCall(Generic[T]):
    """A call in a thread of its own, with its result or its error."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._done = Event()
        self._result: list[T] = []
        self._error: BaseException | None = None
        Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            self._result.append(self._call())
        except BaseException as error:  # noqa: BLE001 - raised again by `result`
            self._error = error
        finally:
            self._done.set()

    def wait(self) -> None:
        # With a timeout: without one, Windows does not notice Ctrl-C.
        while not self._done.wait(0.1):
            pass

    def result(self) -> T:
        if not self._result:
            raise self._error or AssertionError("a call ended with neither an answer nor an error")
        return self._result[0]


def _exit_now() -> NoReturn:
    # The solver's threads run native code and cannot be stopped: Python would wait for them, or
    # crash.
    print_message("groupsolver: interrupted")
    os._exit(Exit.INTERRUPTED)


@contextmanager
def _progress_bar(terminal: bool) -> Iterator[Callable[[str], None]]:
    if not terminal:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if console.is_dumb_terminal:  # which cannot rewrite a line
        yield _show_what_matters
        return
    columns = SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}")
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("solving", total=None)
        yield lambda text: bar.update(task, description=escape(text))


def _show_what_matters(text: str) -> None:
    if text == _STOPPING:
        print_message(text)


def _line(progress: Progress) -> str:
    parts = [progress.phase]
    if progress.applications is not None:
        parts.append(f"placed {progress.applications}  value {progress.value}")
    if progress.value_bound is not None:
        parts.append(f"of at most {progress.value_bound}")
    if progress.incumbent is not None:
        parts.append(f"incumbent {progress.incumbent}")
    if progress.bound is not None:
        parts.append(f"bound {progress.bound}")
    if progress.gap is not None:
        parts.append(f"gap {percentage(progress.gap)}")
    return "  ".join(parts)
