"""The two files that every command but `schema` reads."""

from __future__ import annotations

import argparse

from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput, Fault
from groupsolver.files import load_application, load_fleet
from groupsolver.files.graphml import load_links, with_links
from groupsolver.files.reading import name_of
from groupsolver.model.fleet import Fleet


def load_both(options: argparse.Namespace) -> tuple[Application, Fleet]:
    """Read application and fleet; what is wrong with either is told at once."""
    faults: list[Fault] = []
    app = fleet = None
    try:
        app = load_application(options.app)
    except BadInput as error:
        faults += error.faults
    try:
        fleet = load_fleet(options.fleet)
    except BadInput as error:
        faults += error.faults
    try:
        links = () if options.network is None else load_links(options.network)
        if fleet is not None and links:
            fleet = with_links(fleet, links, name_of(str(options.network)))
    except BadInput as error:
        faults += error.faults
    if app is None or fleet is None or faults:
        raise BadInput(faults)
    return app, fleet
