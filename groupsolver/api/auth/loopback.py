"""The mode without identities: every user of this machine is admin, and no other machine is served.

A web page that is open on this machine counts as foreign. Three headers show it: ``Host`` holds
the page's own name, even where that name resolves to 127.0.0.1; ``Origin`` comes with what a page
posts; ``Sec-Fetch-Site`` comes with what it only loads. Forwarding headers show a proxy, whose
clients are unknown.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from wsgiref.types import WSGIApplication, WSGIEnvironment

from groupsolver.api.auth.principal import Principal
from groupsolver.api.http.errors import ApiError

STARTUP_NOTICE = (
    "identity mode 'loopback': every user of this machine, and every program on it, is admin"
)

_ADMIN = Principal(tenant=None, user="loopback", roles=frozenset({"admin"}))
_HOST = re.compile(
    r"(?:localhost|\[::1\]|(?P<v4>127(?:\.[0-9]{1,3}){3}))(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE
)
_IPV4 = ipaddress.IPv4Network("127.0.0.0/8")
_IPV6 = ipaddress.IPv6Address("::1")
_FOREIGN_HEADERS = (
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
    """The identity mode in which every connection from this machine, by its name, is admin.

    Parameters
    ----------
    port : int, optional
        The port of the server: a ``Host`` with another port is refused.

    Notes
    -----
    The server must listen on loopback only (`is_loopback_address`), and must pass forwarding
    headers on unchanged: waitress drops them unless ``clear_untrusted_proxy_headers=False``.
    """

    def __init__(self, port: int | None = None) -> None:
        self._port = port

    def principal(self, environ: WSGIEnvironment) -> Principal:
        """Return the admin. Raises `ApiError`, ``foreign-request``."""
        if not _is_loopback(environ.get("REMOTE_ADDR", "")):
            raise _foreign("it was sent by another machine")
        if not self._names_loopback(environ.get("HTTP_HOST", "")):
            raise _foreign("its Host is no name of this machine's loopback")
        for key in environ:
            if key in _FOREIGN_HEADERS or key.startswith("HTTP_X_FORWARDED"):
                header = key[5:].replace("_", "-").title()
                raise _foreign(f"it has a header that browsers or proxies add: {header}")
        if environ.get("HTTP_SEC_FETCH_SITE", "none") not in {"none", "same-origin"}:
            raise _foreign("it was sent by a web page")
        return _ADMIN

    def wrap(self, app: WSGIApplication) -> WSGIApplication:
        """Return the application unchanged."""
        return app

    def _names_loopback(self, host: str) -> bool:
        match = _HOST.fullmatch(host)
        if match is None or (match["v4"] and not _is_loopback(match["v4"])):
            return False
        return match["port"] is None or self._port is None or int(match["port"]) == self._port


def is_loopback_address(host: str) -> bool:
    """Return whether a server that listens at `host` can be reached from this machine only.

    Parameters
    ----------
    host : str
        127.0.0.0/8, ``::1`` (also in brackets), or ``localhost`` where it resolves to these only.
    """
    if host.lower() == "localhost":
        try:
            addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
        except OSError:
            return False
        return bool(addresses) and all(map(_is_loopback, addresses))
    in_brackets = host.startswith("[") and host.endswith("]")
    return _is_loopback(host[1:-1] if in_brackets else host)


def _is_loopback(address: str) -> bool:
    # `ip.is_loopback` differs between versions of Python for IPv4-mapped addresses.
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return ip in _IPV4 if isinstance(ip, ipaddress.IPv4Address) else ip == _IPV6


def _foreign(reason: str) -> ApiError:
    detail = f"without identities, only this machine is served: {reason}"
    return ApiError("foreign-request", detail)
