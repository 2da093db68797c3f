"""No identity: whoever is on this machine is admin, and nobody else gets in.

A web page that is open on this machine is somebody else. What keeps it out: a name of its own
that it lets resolve to 127.0.0.1 is in ``Host``; ``Origin`` comes with what it posts, and
``Sec-Fetch-Site`` with what it only loads. Forwarding headers tell of a proxy, behind which
there may be anybody.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from wsgiref.types import WSGIApplication, WSGIEnvironment

from groupsolver.api.http.call import Principal
from groupsolver.api.http.errors import ApiError

START_UP = "identity mode 'loopback': every user of this machine, and every program on it, is admin"

_ADMIN = Principal(tenant=None, user="loopback", roles=frozenset({"admin"}))
_HOST = re.compile(
    r"(?:localhost|\[::1\]|(?P<v4>127(?:\.[0-9]{1,3}){3}))(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE
)
_IPV4 = ipaddress.IPv4Network("127.0.0.0/8")
_FOREIGN = (
    "HTTP_ORIGIN",
    "HTTP_FORWARDED",
    "HTTP_VIA",
    "HTTP_X_REAL_IP",
    "HTTP_X_CLIENT_IP",
    "HTTP_X_CLUSTER_CLIENT_IP",
    "HTTP_X_ORIGINAL_HOST",
    "HTTP_TRUE_CLIENT_IP",
    "HTTP_CF_CONNECTING_IP",
)


class Loopback:
    """Everybody who connects from this machine, to this machine by name, is admin.

    Parameters
    ----------
    port : int, optional
        Where the server listens: a ``Host`` with another port is refused.

    Notes
    -----
    The server must listen on loopback only (`is_loopback_address`), and must hand forwarding
    headers on as they came: waitress drops them unless ``clear_untrusted_proxy_headers=False``.
    """

    def __init__(self, port: int | None = None) -> None:
        self._port = port

    def principal(self, environ: WSGIEnvironment) -> Principal:
        """Give the admin that everybody here is. Raises `ApiError`, ``foreign-request``."""
        if not _is_loopback(environ.get("REMOTE_ADDR", "")):
            raise _foreign("it was sent by another machine")
        if not self._names_loopback(environ.get("HTTP_HOST", "")):
            raise _foreign("its Host is no name of this machine's loopback")
        for key in environ:
            if key in _FOREIGN or key.startswith("HTTP_X_FORWARDED"):
                raise _foreign(
                    "it has a header that browsers or proxies add: "
                    + key[5:].replace("_", "-").title()
                )
        if environ.get("HTTP_SEC_FETCH_SITE", "none") not in {"none", "same-origin"}:
            raise _foreign("it was sent by a web page")
        return _ADMIN

    def wrap(self, app: WSGIApplication) -> WSGIApplication:
        """Give the application as it is."""
        return app

    def _names_loopback(self, host: str) -> bool:
        found = _HOST.fullmatch(host)
        if found is None or (found["v4"] and not _is_loopback(found["v4"])):
            return False
        return found["port"] is None or self._port is None or int(found["port"]) == self._port


def is_loopback_address(host: str) -> bool:
    """Say whether a server that is told to listen at `host` can be reached from this machine only.

    Parameters
    ----------
    host : str
        127.0.0.0/8, ``::1`` (also in brackets), or ``localhost`` where all that it resolves to is of these.
    """
    if host.lower() == "localhost":
        try:
            found = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
        except OSError:
            return False
        return bool(found) and all(map(_is_loopback, found))
    return _is_loopback(host[1:-1] if host.startswith("[") and host.endswith("]") else host)


def _is_loopback(address: str) -> bool:
    # Not `ip.is_loopback`, whose meaning for mapped addresses differs between versions of Python.
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return (
        ip in _IPV4 if isinstance(ip, ipaddress.IPv4Address) else ip == ipaddress.IPv6Address("::1")
    )


def _foreign(why: str) -> ApiError:
    return ApiError("foreign-request", f"without identities, only this machine is served: {why}")
