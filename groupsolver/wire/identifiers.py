"""Ids, as bodies and paths contain them."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

_UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
Uuid = Annotated[str, StringConstraints(strict=True, to_lower=True, pattern=_UUID)]
# Not dots alone: in a path, clients resolve those as a parent folder. The pattern has no
# look-ahead because Rust's regular expressions, which pydantic uses, have none.
TENANT = r"^\.*[A-Za-z0-9_-][A-Za-z0-9_.-]*$"
TenantId = Annotated[str, StringConstraints(strict=True, max_length=255, pattern=TENANT)]
