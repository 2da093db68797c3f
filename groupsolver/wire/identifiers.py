"""Ids, as bodies and paths have them."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

_UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
Uuid = Annotated[str, StringConstraints(strict=True, to_lower=True, pattern=_UUID)]
# Not of dots alone: clients take those in a path for a way up. (Without a look-ahead, which Rust has not.)
TENANT = r"^\.*[A-Za-z0-9_-][A-Za-z0-9_.-]*$"
TenantId = Annotated[str, StringConstraints(strict=True, max_length=255, pattern=TENANT)]
