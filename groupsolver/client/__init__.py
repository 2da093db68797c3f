"""A typed client for all of ``/v1.0``.

>>> from groupsolver.client import Client
>>> with Client("http://127.0.0.1:8774", tenant="shop") as client:
...     web = client.groups.create(name="web", policies=["anti-affinity"])
"""

from __future__ import annotations

from groupsolver.client.client import Client
from groupsolver.client.errors import ClientError, ServerError, UnexpectedAnswer, Unreachable
from groupsolver.wire.bodies.explain import ExplanationView
from groupsolver.wire.bodies.fleet import FleetAnswer
from groupsolver.wire.bodies.grants import BrokenView, GrantView, Preview
from groupsolver.wire.bodies.groups import GroupView
from groupsolver.wire.bodies.headroom import HeadroomView
from groupsolver.wire.bodies.instances import InstanceView
from groupsolver.wire.bodies.placements import Hints, InstanceRequest, PlacedView, PlacementView

__all__ = [
    "BrokenView",
    "Client",
    "ClientError",
    "ExplanationView",
    "FleetAnswer",
    "GrantView",
    "GroupView",
    "HeadroomView",
    "Hints",
    "InstanceRequest",
    "InstanceView",
    "PlacedView",
    "PlacementView",
    "Preview",
    "ServerError",
    "UnexpectedAnswer",
    "Unreachable",
]
