"""Small fleets and applications, a line each."""

from __future__ import annotations

from typing import Any

from groupsolver import Application, Fleet


def host(name: str, vcpu: int = 4, **more: Any) -> dict[str, Any]:
    return {"name": name, "inventory": {"VCPU": vcpu}, **more}


def fleet(*hosts: dict[str, Any], levels: tuple[str, ...] = ()) -> Fleet:
    return Fleet.model_validate({"levels": levels, "hosts": hosts})


def group(name: str, count: int, *policies: Any, vcpu: int = 1, **more: Any) -> dict[str, Any]:
    members = [{"resources": {"VCPU": vcpu}, "count": count}]
    return {"name": name, "policies": list(policies), "members": members, **more}


def app(*groups: dict[str, Any], existing: tuple[dict[str, Any], ...] = ()) -> Application:
    return Application.model_validate({"groups": groups, "existing": existing})
