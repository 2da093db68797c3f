"""OpenStack's identity service: tokens are checked by `keystonemiddleware.auth_token`."""

from __future__ import annotations

import configparser
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from wsgiref.types import WSGIApplication, WSGIEnvironment

from groupsolver.api.http.call import Principal
from groupsolver.api.http.errors import ApiError
from groupsolver.errors import BadInput
from groupsolver.files.fault_text import refuse

if TYPE_CHECKING:
    from keystoneauth1.access import AccessInfoV3

SECTION = "keystone_authtoken"
STATE = "groupsolver.keystone"  # no header's key: what a client sends arrives as HTTP_...


class Keystone:
    """Whoever sends a token of Keystone is whom Keystone says.

    Parameters
    ----------
    config : mapping of str to str
        Options of ``[keystone_authtoken]``, as other services have them: ``auth_url``, ``username``,
        ``password``, ``project_name`` ... ``auth_type`` is ``password`` by default, ``www_authenticate_uri``
        the ``auth_url``, ``http_connect_timeout`` 10 s. Tokens are remembered for ``token_cache_time``,
        300 s by default, in which a revoked one still works; -1 asks Keystone each time.

    Raises
    ------
    BadInput
        ``missing-package`` without keystonemiddleware; ``unknown-key``, ``missing-key`` or ``wrong-value``.
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
            Also ``unsafe-file``, where everybody may read the password in it.
        """
        try:
            return cls(_section(Path(path)))
        except BadInput as error:
            raise error.in_file(str(path)) from None

    def wrap(self, app: WSGIApplication) -> WSGIApplication:
        """Put the middleware in front: it strips what a client says about itself."""
        from groupsolver.api.auth.keystone_middleware import wrapped

        return wrapped(app, self._settings)

    def principal(self, environ: WSGIEnvironment) -> Principal:
        """Give whom Keystone has named. Raises `ApiError`; the middleware adds ``WWW-Authenticate``."""
        if STATE not in environ:
            raise RuntimeError(
                "the application is not wrapped: identity headers are not to be trusted"
            )
        if environ[STATE] == "unavailable":
            raise ApiError(
                "identity-unavailable", "Keystone does not answer", headers={"Retry-After": "5"}
            )
        # A service's token beside the user's is not needed here, but a wrong one is no good sign.
        service = environ.get("HTTP_X_SERVICE_IDENTITY_STATUS", "Confirmed")
        if environ.get("HTTP_X_IDENTITY_STATUS") != "Confirmed" or service != "Confirmed":
            raise ApiError("unauthorized", "a valid token of Keystone is needed, in X-Auth-Token")
        return _principal(environ["keystone.token_auth"].user)


def _principal(user: AccessInfoV3) -> Principal:
    # From the token itself: in headers, names are joined by commas, which names may contain,
    # and OpenStack-System-Scope is the service token's where there is one.
    roles = {name.lower() for name in user.role_names or ()}
    if not user.is_admin_project:  # False only where Keystone was told which project is the admins'
        roles.discard("admin")
    tenant = user.project_id or None
    if tenant is None and not (user.system_scoped and "admin" in roles):
        # The admin of a domain is a customer's, not the cloud's.
        raise ApiError("forbidden", "a token of a project is needed, or an admin's of the system")
    return Principal(tenant=tenant, user=user.user_id or "", roles=frozenset(roles))


def _section(path: Path) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None)  # a password may contain %
    try:
        if path.stat().st_mode & stat.S_IRWXO:
            raise refuse(
                "unsafe-file",
                "expected a file that not everybody may read (chmod o=), as it has a password",
            )
        parser.read_string(path.read_text(encoding="utf-8"))
        return dict(parser[SECTION])
    except OSError as error:
        raise refuse(
            "unreadable-file", f"expected a file that can be read: {error.strerror}"
        ) from None
    except UnicodeDecodeError:
        raise refuse("not-text", "expected UTF-8 text") from None
    except KeyError:
        raise refuse("missing-key", f"expected a section [{SECTION}]") from None
    except configparser.Error as error:
        # Not its text, which repeats the line: there may be a password in it.
        raise refuse("not-ini", f"expected an INI file: {type(error).__name__}") from None
