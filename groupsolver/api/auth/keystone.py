"""OpenStack's identity service: `keystonemiddleware.auth_token` checks the tokens."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from wsgiref.types import WSGIApplication, WSGIEnvironment

from groupsolver.api.auth.keystone_options import STATE_KEY, read_options
from groupsolver.api.auth.principal import Principal
from groupsolver.api.http.errors import ApiError
from groupsolver.errors import BadInput
from groupsolver.files.fault_text import refuse

if TYPE_CHECKING:
    from keystoneauth1.access import AccessInfoV3


class Keystone:
    """The identity mode in which Keystone names the owner of a token.

    Parameters
    ----------
    config : mapping of str to str
        Options of ``[keystone_authtoken]``, as in other services: ``auth_url``, ``username``,
        ``password``, ``project_name`` ... ``auth_type`` is ``password`` by default,
        ``www_authenticate_uri`` the ``auth_url``, ``http_connect_timeout`` 10 s. Tokens are
        cached for ``token_cache_time``, 300 s by default; a revoked token works until then.
        With -1 Keystone is asked each time.

    Raises
    ------
    BadInput
        ``missing-package`` without keystonemiddleware; ``unknown-key``, ``missing-key`` or
        ``wrong-value``.
    """

    def __init__(self, config: Mapping[str, str]) -> None:
        try:
            from groupsolver.api.auth.keystone_middleware import settings
        except ModuleNotFoundError as error:
            message = (
                f"identity by Keystone needs {error.name}: pip install 'groupsolver[keystone]'"
            )
            raise refuse("missing-package", message) from None
        self._settings = settings(config)

    @classmethod
    def from_file(cls, path: str | Path) -> Keystone:
        """Read the options from an INI file's section ``[keystone_authtoken]``.

        Raises
        ------
        BadInput
            Also ``unsafe-file``, where every user may read the password in it.
        """
        try:
            return cls(read_options(Path(path)))
        except BadInput as error:
            raise error.in_file(str(path)) from None

    def wrap(self, app: WSGIApplication) -> WSGIApplication:
        """Return the application behind the middleware, which removes a client's own headers."""
        from groupsolver.api.auth.keystone_middleware import wrapped

        return wrapped(app, self._settings)

    def principal(self, environ: WSGIEnvironment) -> Principal:
        """Return the principal that Keystone names.

        Raises
        ------
        ApiError
            ``unauthorized``, to which the middleware adds ``WWW-Authenticate``; ``forbidden``;
            ``identity-unavailable``.
        """
        if STATE_KEY not in environ:
            message = "the application is not wrapped: identity headers are not to be trusted"
            raise RuntimeError(message)
        if environ[STATE_KEY] == "unavailable":
            headers = {"Retry-After": "5"}
            raise ApiError("identity-unavailable", "Keystone does not answer", headers=headers)
        # A service token beside the user's is not needed here, but an invalid one is refused.
        user_status = environ.get("HTTP_X_IDENTITY_STATUS")
        service_status = environ.get("HTTP_X_SERVICE_IDENTITY_STATUS", "Confirmed")
        if user_status != "Confirmed" or service_status != "Confirmed":
            raise ApiError("unauthorized", "a valid token of Keystone is needed, in X-Auth-Token")
        return _principal(environ["keystone.token_auth"].user)


def _principal(user: AccessInfoV3) -> Principal:
    # Read from the token itself, not from headers: headers join names by commas, which names may
    # contain, and OpenStack-System-Scope may be that of a service token.
    roles = {name.lower() for name in user.role_names or ()}
    # False only where Keystone has been configured with a project for admins.
    if not user.is_admin_project:
        roles.discard("admin")
    tenant = user.project_id or None
    # The admin of a domain belongs to a customer, not to the cloud.
    if tenant is None and not (user.system_scoped and "admin" in roles):
        raise ApiError("forbidden", "a token of a project is needed, or an admin's of the system")
    return Principal(
        tenant=tenant,
        user=user.user_id or "",
        roles=frozenset(roles),
        system_scoped=tenant is None,
    )
