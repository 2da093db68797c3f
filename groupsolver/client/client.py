"""The client: a server, a project, an identity."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from groupsolver.client.fleet import FleetResource
from groupsolver.client.groups import Groups
from groupsolver.client.instances import Instances
from groupsolver.client.session import Session, segment
from groupsolver.files.fault_text import refuse
from groupsolver.model.application import Flavor
from groupsolver.model.change_costs import Costs
from groupsolver.model.result import Objective
from groupsolver.wire.bodies.explain import (
    ExplainFields,
    ExplainRequest,
    ExplanationAnswer,
    ExplanationView,
)
from groupsolver.wire.bodies.headroom import (
    HeadroomAnswer,
    HeadroomFields,
    HeadroomRequest,
    HeadroomView,
)
from groupsolver.wire.bodies.placements import (
    InstanceRequest,
    PlacementAnswer,
    PlacementFields,
    PlacementRequest,
    PlacementView,
)
from groupsolver.wire.read import validated
from groupsolver.wire.write import write_body

if TYPE_CHECKING:
    import httpx

_TIMEOUT_SLACK = 30.0  # seconds that an answer may take beyond the solve


class Client:
    """A connection of one project to a server of groupsolver. Threads may share a client.

    Parameters
    ----------
    url : str
        For example ``http://127.0.0.1:8774``; a path in front of ``/v1.0`` is kept.
    tenant : str, default "default"
        The project.
    token : str, optional
        Sent as ``X-Auth-Token``; a server in ``loopback`` mode needs none.
    timeout : float, default 60
        Seconds without a byte after which a request is given up.
    transport : httpx transport, optional
        Instead of the network.
    retries : int, default 3
        How often a request is repeated that the server refused with 503 and ``Retry-After``.
        Only requests that may safely arrive twice are repeated.

    Attributes
    ----------
    groups : Groups
    instances : Instances
    fleet : FleetResource

    Raises
    ------
    BadInput
        For a malformed URL, project or token.
    """

    def __init__(
        self,
        url: str,
        tenant: str = "default",
        token: str | None = None,
        *,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
        retries: int = 3,
    ) -> None:
        if not tenant:
            raise refuse("wrong-value", "expected the id of a project", "tenant")
        self._session = Session(url, token, timeout, transport, retries)
        self.tenant = tenant
        self._path = f"/v1.0/{segment(tenant)}"
        self.groups = Groups(self._session, self._path)
        self.instances = Instances(self._session, self._path)
        self.fleet = FleetResource(self._session)

    def __repr__(self) -> str:
        return f"Client({str(self._session.url)!r}, tenant={self.tenant!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def place(
        self,
        instances: Sequence[InstanceRequest],
        *,
        flavors: Mapping[str, Flavor] | None = None,
        objective: Objective = "pack",
        host_price: int | None = None,
        time_limit: float | None = None,
        ttl: int | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> PlacementView:
        """Place instances, all of them or none, and claim what they take.

        Parameters
        ----------
        instances : sequence of InstanceRequest
        flavors : mapping of str to Flavor
            Those that the instances name.
        objective : {"pack", "spread", "cost"}, default "pack"
        host_price : int, optional
            Points of the objective for each host that held nothing before; a host's `opening_cost`
            replaces it.
        time_limit : float, optional
            Seconds; by default, and at most, the server's.
        ttl : int, optional
            Seconds after which the claims end, unless `confirm` is called in time.
        dry_run : bool, default False
            Solve, and claim nothing: the placement's `id` is then None.
        idempotency_key : str, optional
            Repeated with the same key, the request gets the same answer and places nothing again.
            By default a random key for this call, so that it can be repeated safely.

        Raises
        ------
        ServerError
            ``placement-infeasible``, with its `conflict`; ``no-answer-in-time``; and others.
        """
        fields = validated(
            PlacementFields,
            {
                "flavors": dict(flavors or {}),
                "instances": tuple(instances),
                "objective": objective,
                "host_price": host_price,
                "time_limit": time_limit,
                "ttl": ttl,
            },
        )
        body = PlacementRequest(placement=fields).document()
        response = self._session.send(
            "POST",
            f"{self._path}/placements",
            query={"dry_run": "true" if dry_run else None},
            body=write_body("json", body, PlacementRequest),
            headers={"Idempotency-Key": idempotency_key or str(uuid.uuid4())},
            repeatable=True,
            timeout=(time_limit or 0) + _TIMEOUT_SLACK,
        )
        return self._session.read(response, PlacementAnswer).placement

    def explain(
        self,
        instances: Sequence[InstanceRequest],
        *,
        flavors: Mapping[str, Flavor] | None = None,
        objective: Objective = "pack",
        host_price: int | None = None,
        time_limit: float | None = None,
        costs: Costs | None = None,
        fixes: bool = True,
        every: bool = False,
    ) -> ExplanationView:
        """Explain why instances cannot be placed, and what would help; or where they could be.

        Nothing is claimed.

        Parameters
        ----------
        instances, flavors, objective, host_price, time_limit
            As for `place`.
        costs : Costs, optional
            The costs of changes: the cheapest are proposed.
        fixes : bool, default True
            Whether to look for changes that would help.
        every : bool, default False
            Whether to find further conflicts, until the rest is possible.

        Raises
        ------
        ServerError
            ``no-answer-in-time`` where neither a placement nor a proof was found; and others.
        """
        fields = validated(
            ExplainFields,
            {
                "flavors": dict(flavors or {}),
                "instances": tuple(instances),
                "objective": objective,
                "host_price": host_price,
                "time_limit": time_limit,
                "fixes": fixes,
                "every": every,
            },
        )
        body = ExplainRequest(placement=fields).document()
        # `document` leaves nulls out, and here null has a meaning.
        body["placement"]["costs"] = (costs or Costs()).model_dump()
        response = self._session.send(
            "POST",
            f"{self._path}/explain",
            body=write_body("json", body, ExplainRequest),
            repeatable=True,
            timeout=(time_limit or 0) + _TIMEOUT_SLACK,
        )
        return self._session.read(response, ExplanationAnswer).explanation

    def headroom(
        self,
        instances: Sequence[InstanceRequest],
        *,
        flavors: Mapping[str, Flavor] | None = None,
        time_limit: float | None = None,
        gap: float = 0.0,
    ) -> HeadroomView:
        """Count how many more copies of instances fit, each in groups of its own.

        Nothing is claimed.

        Parameters
        ----------
        instances, flavors, time_limit
            As for `place`: one copy.
        gap : float, default 0
            The fraction of the copies that may remain unproved.

        Raises
        ------
        ServerError
            ``no-answer-in-time`` where no copy was found, nor proved that none fits; and others.
        """
        fields = validated(
            HeadroomFields,
            {
                "flavors": dict(flavors or {}),
                "instances": tuple(instances),
                "time_limit": time_limit,
                "gap": gap,
            },
        )
        body = HeadroomRequest(placement=fields).document()
        response = self._session.send(
            "POST",
            f"{self._path}/headroom",
            body=write_body("json", body, HeadroomRequest),
            repeatable=True,
            timeout=(time_limit or 0) + _TIMEOUT_SLACK,
        )
        return self._session.read(response, HeadroomAnswer).headroom

    def confirm(self, placement: str) -> PlacementView:
        """Confirm a placement that was made with a `ttl`: its claims then do not end."""
        path = f"{self._path}/placements/{segment(placement)}/confirm"
        # Repeatable: to confirm twice does no harm.
        response = self._session.send("POST", path, repeatable=True)
        return self._session.read(response, PlacementAnswer).placement
