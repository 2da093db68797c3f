"""A file with a batch: several applications that are placed together, each whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from groupsolver.constraints.qualified_names import application_name_faults
from groupsolver.constraints.registry import Application
from groupsolver.errors import Fault
from groupsolver.model.application import BETWEEN, Flavor
from groupsolver.model.value import MemberValue, Name, Value


class BatchedApplication(Application):
    """An application of a batch.

    Parameters
    ----------
    name : str
        Without ``:``; unique in the batch.
    value : int, optional
        What it is worth where applications may be left out, 1 to 10**9. By default its number of
        new members.
    """

    name: Name
    value: MemberValue | None = None

    def application(self) -> Application:
        """Return the application by itself, without its value in the batch."""
        fields = {name: getattr(self, name) for name in Application.model_fields}
        return Application.model_construct(**fields, **(self.model_extra or {}))

    if TYPE_CHECKING:
        # What the constructor takes: every form that it converts to the fields' types.
        def __init__(
            self,
            *,
            version: Literal[1] = ...,
            name: str,
            value: int | None = ...,
            flavors: Mapping[str, Flavor | Mapping[str, Any]] = ...,
            groups: Iterable[Any] = ...,
            existing: Iterable[Any] = ...,
            host_price: int | None = ...,
            metadata: Any = None,
        ) -> None: ...


class BatchDocument(Value):
    """Several applications, as the file of a batch has them.

    Parameters
    ----------
    flavors : dict of str to Flavor
        For all applications; one of the same name of an application itself comes first.
    applications : tuple of BatchedApplication
        At least one. After validation each has the shared flavors that it uses.
    """

    version: Literal[1] = 1
    flavors: dict[Name, Flavor] = {}
    applications: tuple[BatchedApplication, ...] = Field(min_length=1)

    if TYPE_CHECKING:
        # What the constructor takes: every form that it converts to the fields' types.
        def __init__(
            self,
            *,
            version: Literal[1] = ...,
            flavors: Mapping[str, Flavor | Mapping[str, Any]] = ...,
            applications: Iterable[BatchedApplication | Mapping[str, Any]],
            metadata: Any = None,
        ) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _share_flavors(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or not isinstance(data.get("flavors"), Mapping):
            return data
        applications = data.get("applications")
        if not isinstance(applications, (list, tuple)):
            return data
        shared = {name: _flavor(one) for name, one in data["flavors"].items()}
        return {**data, "applications": [_with_flavors(one, shared) for one in applications]}

    @model_validator(mode="after")
    def _sound(self) -> Self:
        faults = list(self._name_faults())
        if faults:
            raise PydanticCustomError(
                "faults", "{count} faults", {"count": len(faults), "faults": faults}
            )
        return self

    def _name_faults(self) -> Iterator[Fault]:
        seen: set[str] = set()
        for i, app in enumerate(self.applications):
            path = f"applications[{i}]"
            for fault in application_name_faults(app.name):
                yield Fault(fault.code, f"{path}.name", fault.message)
            if app.name in seen:
                message = f"application {app.name!r} is named twice"
                yield Fault("duplicate-name", f"{path}.name", message)
            seen.add(app.name)
            for j, group in enumerate(app.groups):
                if BETWEEN in group.name:
                    message = f"expected no {BETWEEN!r}: it separates an application from its group"
                    yield Fault("ill-formed-name", f"{path}.groups[{j}].name", message)


def _flavor(data: Any) -> Any:
    """Return a flavor that is shared; one without resources where it is faulty.

    Its faults are those of the shared flavors, and not of each application that uses it.
    """
    if isinstance(data, Flavor):
        return data
    try:
        return Flavor.model_validate(data)
    except ValidationError:
        return Flavor.model_construct(resources={})


def _with_flavors(app: Any, shared: Mapping[Any, Any]) -> Any:
    """Return the data of an application with the shared flavors that it uses and has not itself."""
    if not isinstance(app, Mapping):
        return app
    own = app.get("flavors", {})
    if not isinstance(own, Mapping):
        return app
    used = {name for name in _flavors_named(app) if name in shared and name not in own}
    if not used:
        return app
    return {**app, "flavors": {**{name: shared[name] for name in sorted(used)}, **own}}


def _flavors_named(app: Mapping[Any, Any]) -> Iterator[str]:
    """Yield the flavors that the data of an application names, which may be ill-formed."""
    sized = [*_items(app, "existing")]
    for group in _items(app, "groups"):
        sized += _items(group, "members")
    for one in sized:
        name = one.get("flavor") if isinstance(one, Mapping) else getattr(one, "flavor", None)
        if isinstance(name, str):
            yield name


def _items(data: Any, key: str) -> Iterable[Any]:
    found = data.get(key, ()) if isinstance(data, Mapping) else getattr(data, key, ())
    return found if isinstance(found, (list, tuple)) else ()
