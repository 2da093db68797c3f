"""A fleet and the applications that run on it: what a scheduler keeps."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from groupsolver.checking.arguments import (
    require_application,
    require_flags,
)
from groupsolver.checking.check import check
from groupsolver.cluster.adoption import adopt
from groupsolver.cluster.batch import Batch, SolvedBatch
from groupsolver.cluster.claim import ClaimAttempts, Contended
from groupsolver.cluster.cluster_file import LOCK_WAIT, ClusterFile
from groupsolver.cluster.cluster_snapshot import ClusterSnapshot, as_value, require_running
from groupsolver.cluster.hosts import host_faults, in_use_fault
from groupsolver.cluster.members import (
    ApplicationsState,
    ClusterInstance,
    ClusterMember,
    find_members,
)
from groupsolver.cluster.newcomer import Newcomer
from groupsolver.cluster.request import Request, Solved
from groupsolver.cluster.usage import Usage
from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput, UnknownHost, require_type
from groupsolver.files.reading import name_of
from groupsolver.model.answers.batch import BatchResult
from groupsolver.model.application import Application as AnyApplication
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.fleet_in_use import FleetInUse
from groupsolver.model.result import Limits, Objective, Result, Watch

T = TypeVar("T")
MAX_ATTEMPTS = 4  # solves of a placement that others come before; the next one keeps them out


class Cluster(FleetInUse):
    """A fleet and the applications that run on it, in memory, compiled and kept.

    Calls from several threads are safe. A solve works on a snapshot; what has changed since is
    checked again before anything is committed. Every policy of everything that runs holds on, that
    of the newcomer and that of the others. In a policy, ``application:group`` names a group of
    another application. An application goes with the last of its members.

    A cluster may take the place of a fleet in `solve`, `explain`, `headroom`, `check`, `why`,
    `survives`, `topology` and `picture`: the answer then holds against all that runs, and nothing
    is committed.

    Parameters
    ----------
    fleet : Fleet
        The `used` of its hosts, and of its pools, is what others use: no application of the
        cluster.
    applications : mapping of str to Application, optional
        What runs already, by name. Its members are what `existing` says, each with a size.

    Raises
    ------
    BadInput
        Where an application does not fit the fleet.

    Examples
    --------
    >>> cluster = Cluster(load_fleet("fleet.yaml"))
    >>> result = cluster.place("shop", load_application("shop.yaml"))
    >>> cluster.remove("shop")
    """

    def __init__(
        self, fleet: Fleet, applications: Mapping[str, AnyApplication[Any]] | None = None
    ) -> None:
        hint = "load_fleet reads one from a file"
        require_type("fleet", fleet, Fleet, "a Fleet", hint)
        expected = "a mapping of names to applications, or None"
        require_type("applications", applications, (Mapping, type(None)), expected)
        state = ApplicationsState(fleet)
        for name, app in (applications or {}).items():
            require_type("applications, a key", name, str, "the name of an application")
            require_application(app)
        adopt(applications or {}, state)
        state.complete()
        self._lock = Lock()
        # What identified the contents of files from which it was loaded, or to which it was saved.
        self._loaded: dict[Path, str] = {}
        # States are replaced and never changed, so that each is a snapshot.
        self._state = state

    # In a file.

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Cluster:
        """Read a cluster from a file, as `save` writes it.

        Raises
        ------
        BadInput
            With every fault of the file.
        """
        require_type("path", path, (str, os.PathLike), "the path of a file")
        file = ClusterFile(path)
        document, digest = file.read()
        try:
            cluster = cls(document.fleet, document.applications)
        except BadInput as error:
            raise error.in_file(name_of(path)) from None
        cluster._loaded = {file.path: digest}
        return cluster

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the cluster to a file, whole or not at all, under the file's lock.

        Raises
        ------
        BadInput
            ``file-changed`` where the cluster was loaded from the file, or saved to it, and others
            have written it since; ``file-in-use``, ``unwritable-file``.
        """
        require_type("path", path, (str, os.PathLike), "the path of a file")
        file = ClusterFile(path)
        with file.locked():
            self._write(file)

    def _write(self, file: ClusterFile) -> None:
        digest = file.write(self.document(), self._loaded.get(file.path))
        self._loaded = {**self._loaded, file.path: digest}

    @classmethod
    @contextmanager
    def open(cls, path: str | os.PathLike[str], *, wait: float = LOCK_WAIT) -> Iterator[Cluster]:
        """Load a cluster, and save it at the end of the block, under the file's lock.

        Other processes that open it wait meanwhile. Where the block raises, nothing is written.

        Parameters
        ----------
        path : str or path-like
        wait : float, default 30
            Seconds that others are waited for.

        Raises
        ------
        BadInput
            As `load` and `save`.

        Examples
        --------
        >>> with Cluster.open("cloud.cluster.json") as cluster:
        ...     cluster.place("shop", load_application("shop.yaml"))
        """
        require_type("path", path, (str, os.PathLike), "the path of a file")
        file = ClusterFile(path)
        with file.locked(wait):
            cluster = cls.load(path)
            before = cluster._state  # noqa: SLF001 - of this class
            yield cluster
            if cluster._state is not before:  # noqa: SLF001 - of this class
                cluster._write(file)  # noqa: SLF001 - of this class

    def __repr__(self) -> str:
        return repr(self.snapshot()).replace("ClusterSnapshot", "Cluster")

    # Copies change independently, each under a lock of its own.

    def __getstate__(self) -> dict[str, Any]:
        attributes = self.__dict__.copy()
        del attributes["_lock"]
        return attributes

    def __setstate__(self, attributes: dict[str, Any]) -> None:
        self.__dict__.update(attributes)
        self._lock = Lock()

    def __deepcopy__(self, memo: dict[int, object]) -> Cluster:
        # States are never changed, so that both may begin with the same one.
        return copy(self)

    # Reading.

    def snapshot(self) -> ClusterSnapshot:
        """Return the cluster as it is now. What comes later does not change it."""
        return ClusterSnapshot(self._state)

    @property
    def fleet(self) -> Fleet:
        """The hosts, links and pools. Their `used` is what others use, as it was given."""
        return self.snapshot().fleet

    @property
    def applications(self) -> Mapping[str, Application]:
        """The running applications by name; the members of each are what its `existing` says."""
        return self.snapshot().applications

    def free(self, host: str) -> dict[str, int]:
        """Return what is free of a host: see `ClusterSnapshot.free`. Raises `UnknownHost`."""
        return self.snapshot().free(host)

    def members(
        self, host: str | None = None, *, application: str | None = None
    ) -> tuple[ClusterMember, ...]:
        """Return the running members: all, those on a host, those of an application, or of both.

        Raises
        ------
        UnknownHost, UnknownApplication
        """
        return self.snapshot().members(host, application=application)

    def usage(self, by: str = "host") -> dict[str, Usage]:
        """Return what is in use, by ``host``, by a level, or by ``application``.

        Raises
        ------
        BadInput
            ``unknown-level``.
        """
        return self.snapshot().usage(by)

    def with_running(self, app: AnyApplication[Any]) -> tuple[AnyApplication[Any], CompiledFleet]:
        """Return an application with all that runs and concerns it, and the fleet."""
        return self.snapshot().with_running(app)

    def compiled(self) -> CompiledFleet:
        """Return the fleet with all that runs in its hosts' ``used``. It must not be changed."""
        return self.snapshot().compiled()

    def document(self) -> dict[str, Any]:
        """Return the cluster as plain JSON data, as its file has it."""
        return self.snapshot().document()

    # Placing.

    def place(
        self,
        name: str,
        app: AnyApplication[Any],
        *,
        objective: Objective = "pack",
        limits: Limits | None = None,
        progress: Watch | None = None,
        explain: bool = True,
    ) -> Result:
        """Place an application beside all that runs, and commit it; or nothing is committed.

        Where an application of the name runs, it becomes this one: its members run on, and those
        that do not run yet are placed.

        Parameters
        ----------
        name : str
            Without ``:``.
        app : Application
            Its `existing` may name members of this application that run in the cluster.
        objective, limits, progress, explain
            As for `solve`. A placement at which `progress` stops the solve is committed.

        Returns
        -------
        Result
            It has the new members. Other applications' groups and members are named
            ``application:group`` and ``application:member``. Infeasible and out of time are
            answers, not errors.

        Raises
        ------
        BadInput
            Where the application does not fit what runs.
        BrokenAnswer, UnknownSolverStatus
            A bug of this library.
        BaseException
            What `progress` raised, once the solve has stopped.
        """
        return self._place(Request.of(name, app, objective, limits or Limits(), progress, explain))

    async def place_async(
        self,
        name: str,
        app: AnyApplication[Any],
        *,
        objective: Objective = "pack",
        limits: Limits | None = None,
        progress: Watch | None = None,
        explain: bool = True,
        executor: Executor | None = None,
    ) -> Result:
        """Call `place` without blocking the event loop.

        Where the task is cancelled, the solve stops soon, and nothing is committed. A cancellation
        that comes after the commit is too late: the result is returned.

        Parameters
        ----------
        name, app, objective, limits, explain
            As for `place`. The time begins when a thread is free.
        progress : callable, optional
            As for `place`. It is called in the thread of the solve.
        executor : concurrent.futures.Executor, optional
            Threads to run in. By default a pool of the library, with as many threads as processors;
            further calls wait for one of them.

        Raises
        ------
        The same as `place`, and `asyncio.CancelledError`.
        """
        from groupsolver.solver.asynchronous import CallState, run_in_pool  # loads ortools

        limits = limits or Limits()
        Request.of(name, app, objective, limits, progress, explain)  # bad arguments raise at once

        def call(state: CallState) -> Result:
            watch = state.watching(progress)
            request = Request.of(name, app, objective, limits, watch, explain)
            return self._place(replace(request, before_commit=state.take_effect))

        return await run_in_pool(call, executor)

    def _place(self, request: Request) -> Result:
        """Solve and commit, again where others came first, a bounded number of times."""
        attempts: ClaimAttempts[Solved, Result] = ClaimAttempts(self._commit)
        for _ in range(MAX_ATTEMPTS):
            solved = request.solve(self._state)
            if not solved.result.placed:
                return _or_costlier(solved.result, attempts)
            committed = attempts.claim(solved)
            if committed is not None:
                return committed
        # A request that lost so often keeps others out, once.
        with self._lock:
            solved = request.solve(self._state)
            if solved.result.placed:
                return self._put(solved)
        return _or_costlier(solved.result, attempts)

    def _commit(self, solved: Solved, take_costlier: bool) -> Result:
        """Commit a placement that still holds. Raises `Contended`, `CostsMore`."""
        with self._lock:
            return self._put(solved.on(self._state, take_costlier=take_costlier))

    def _put(self, solved: Solved) -> Result:
        """Commit what holds in the current state. The caller holds the lock."""
        state = solved.committed()
        solved.request.before_commit()
        self._state = state
        return solved.result

    def commit(self, name: str, app: AnyApplication[Any], result: Result) -> None:
        """Commit a placement that was made elsewhere, if it holds beside all that runs.

        So a placement may be shown before it is committed: that of `solve` on the cluster, or one
        of another scheduler.

        Parameters
        ----------
        name : str
        app : Application
        result : Result
            Its `placement`, `cells` and `witness` are used.

        Raises
        ------
        BadInput
            Where the application does not fit what runs, or the placement names what is not known.
        Contended
            Where the placement breaks a rule; its `reasons` say which. Nothing is committed then.
        """
        require_type("result", result, Result, "a Result", "solve returns one")
        limits = Limits()
        request = Request.of(name, app, "pack", limits, None, False)
        with self._lock:
            newcomer = Newcomer(name, app, self._state)
            verdict = check(
                newcomer.app,
                self._state.fleet,
                result.placement or {},
                cells=result.cells or None,
                witness=result.witness,
            )
            if verdict.violations:
                raise Contended([str(violation) for violation in verdict.violations])
            checked = result.model_copy(update={"witness": verdict.witness})
            self._put(Solved(request, newcomer, self._state, checked))

    def place_many(
        self,
        applications: Mapping[str, AnyApplication[Any]],
        *,
        partial: bool = False,
        values: Mapping[str, int] | None = None,
        objective: Objective = "pack",
        limits: Limits | None = None,
        progress: Watch | None = None,
    ) -> BatchResult:
        """Place several applications, each whole, and commit them together.

        They are placed one after the other: the most valuable first, but none before one whose
        groups its policies name.

        Parameters
        ----------
        applications : mapping of str to Application
            By name.
        partial : bool, default False
            Whether some may be left out. Otherwise all are placed, or none.
        values : mapping of str to int, optional
            What each is worth, at least 1; by default its number of new members.
        objective, limits, progress
            As for `solve`; the limits are those of the whole call.

        Returns
        -------
        BatchResult

        Raises
        ------
        BadInput
            Where an application does not fit what runs, or a value is of none.
        """
        start = time.monotonic()
        require_flags(partial=partial)
        require_type("applications", applications, Mapping, "a mapping of names to applications")
        limits = limits or Limits()
        requests = {
            name: Request.of(name, app, objective, limits, progress, True)
            for name, app in applications.items()
        }
        batch = Batch.of(requests, values, self._state, partial=partial, end=start + limits.seconds)
        solved = batch.solve(self._state)
        for _ in range(MAX_ATTEMPTS):
            if not solved.complete or self._commit_batch(solved):
                return solved.result(time.monotonic() - start)
            solved = batch.solve(self._state)
        with self._lock:
            solved = batch.solve(self._state)
            if solved.complete:
                self._state = solved.state
        return solved.result(time.monotonic() - start)

    def _commit_batch(self, solved: SolvedBatch) -> bool:
        """Commit a batch. Return whether it still holds."""
        with self._lock:
            try:
                self._state = solved.on(self._state)
            except Contended:
                return False
        return True

    # Changing what runs, and where.

    def remove(self, name: str, members: Iterable[str] | None = None) -> tuple[ClusterMember, ...]:
        """Remove an application, or some of its members: what they took is free.

        Parameters
        ----------
        name : str
        members : iterable of str, optional
            Ids within the application; by default all of them.

        Returns
        -------
        tuple of ClusterMember
            What was removed.

        Raises
        ------
        UnknownApplication
        BadInput
            ``unknown-member``; nothing is removed then.
        """
        require_type("name", name, str, "the name of an application")
        ids = None if members is None else _ids(members)

        def change(state: ApplicationsState) -> list[ClusterInstance]:
            require_running(name, state)
            gone = find_members(name, ids, state)
            state.remove_members(gone)
            return gone

        return _as_members(self._change(change))

    def update_host(self, host: Host) -> None:
        """Add a host, or replace the one of its name; members that run on it run on.

        Parameters
        ----------
        host : Host
            Its `used` is what others use.

        Raises
        ------
        BadInput
            Where it does not fit the fleet's levels, links or pools.
        """
        hint = "Host(**document) makes one" if isinstance(host, Mapping) else ""
        require_type("host", host, Host, "a Host", hint)

        def change(state: ApplicationsState) -> None:
            faults = list(host_faults(host, state))
            if faults:
                raise BadInput(faults)
            state.put_hosts([host.name], [host])

        self._change(change)

    def remove_host(self, name: str) -> None:
        """Remove a host on which nothing runs.

        Raises
        ------
        UnknownHost
        BadInput
            ``host-in-use`` where members run on it.
        """
        require_type("name", name, str, "the name of a host")

        def change(state: ApplicationsState) -> None:
            _require_host(name, state)
            fault = in_use_fault(name, state)
            if fault is not None:
                raise BadInput([fault])
            state.put_hosts([name], ())

        self._change(change)

    def lose_host(self, name: str) -> tuple[ClusterMember, ...]:
        """Remove a host that is lost, with all that runs on it. Return the members that are lost.

        Raises
        ------
        UnknownHost
        """
        require_type("name", name, str, "the name of a host")

        def change(state: ApplicationsState) -> list[ClusterInstance]:
            _require_host(name, state)
            lost = [state.instances[key] for key in state.members_on(name)]
            state.remove_members(lost)
            state.put_hosts([name], ())
            return lost

        return _as_members(self._change(change))

    def _change(self, change: Callable[[ApplicationsState], T]) -> T:
        """Change a copy of the state, and put it in place of the state: all or nothing."""
        with self._lock:
            state = self._state.copy()
            result = change(state)
            state.complete()
            self._state = state
        return result


def _or_costlier(result: Result, attempts: ClaimAttempts[Solved, Result]) -> Result:
    """Return a result without a placement; or what was found before, where time was over."""
    costlier = attempts.claim_costlier() if result.status == "unknown" else None
    return result if costlier is None else costlier


def _ids(members: Iterable[str]) -> list[str]:
    """Return ids of members. Raises `TypeError` for what is no collection of texts."""
    expected = "a collection of member ids, or None"
    if isinstance(members, str) or not isinstance(members, Iterable):
        require_type("members", members, type(None), expected)
    ids = list(members)
    for id_ in ids:
        require_type("members, an id", id_, str, expected)
    return ids


def _require_host(name: str, state: ApplicationsState) -> None:
    if name not in state.loaded_hosts:
        raise UnknownHost(name)


def _as_members(instances: Iterable[ClusterInstance]) -> tuple[ClusterMember, ...]:
    return tuple(as_value(instance.member) for instance in instances)
