"""What imports keystonemiddleware, and is imported only where Keystone is the mode."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from wsgiref.types import WSGIApplication

from keystoneauth1 import exceptions, loading
from keystonemiddleware import auth_token
from oslo_config import cfg

from groupsolver.api.auth.keystone import SECTION, STATE
from groupsolver.errors import BadInput, Fault, nearest
from groupsolver.files.fault_text import refuse

_log = logging.getLogger(__name__)
# Options that would lead away from this section, or would be overruled here.
_OURS = {"auth_section", "delay_auth_decision"}


def settings(config: Mapping[str, str]) -> cfg.ConfigOpts:
    """Give options as the middleware reads them, of an own set: the process's common one is left alone.

    Raises `BadInput`: an option that is misspelt would else be ignored.
    """
    given = {key.replace("-", "_"): value for key, value in config.items()}
    given.setdefault("auth_type", "password")
    if "auth_url" not in given:
        raise refuse("missing-key", "expected an option 'auth_url'", SECTION)
    try:
        plugin: Any = loading.get_plugin_loader(given["auth_type"])
    except exceptions.NoMatchingPlugin:
        message = f"expected a kind of authentication that keystoneauth1 knows, found {given['auth_type']!r}"
        raise refuse("wrong-value", message, f"{SECTION}.auth_type") from None
    conf = cfg.ConfigOpts()
    conf([], project="groupsolver", default_config_files=[], default_config_dirs=[])
    options = [option for _, group in auth_token.list_opts() for option in group]
    options += loading.get_auth_plugin_conf_options(plugin)
    conf.register_opts(options, group=SECTION)
    conf.set_default("http_connect_timeout", 10, group=SECTION)
    conf.set_default("www_authenticate_uri", given["auth_url"], group=SECTION)
    _set(conf, given, sorted({option.dest for option in options} - _OURS))
    conf.set_override("delay_auth_decision", True, group=SECTION)  # some paths need no token
    return conf


def _set(conf: cfg.ConfigOpts, given: Mapping[str, str], known: list[str]) -> None:
    faults = []
    for key, value in given.items():
        if key not in known:
            faults.append(
                Fault(
                    "unknown-key",
                    f"{SECTION}.{key}",
                    f"unknown option {key!r}{nearest(key, known)}",
                )
            )
            continue
        try:
            conf.set_override(key, value, group=SECTION)
        except ValueError as error:
            expected = "a value of another form" if "password" in key else str(error)
            faults.append(
                Fault("wrong-value", f"{SECTION}.{key}", f"expected another value: {expected}")
            )
    if faults:
        raise BadInput(faults)


def wrapped(app: WSGIApplication, conf: cfg.ConfigOpts) -> WSGIApplication:
    """Give the application behind the middleware. Raises `BadInput`."""
    try:
        made: WSGIApplication = _Middleware(app, {"oslo_config_config": conf})
    except exceptions.ClientException as error:
        raise refuse("missing-key", str(error), SECTION) from None
    return made


class _UnavailableError(Exception):
    """Keystone did not say whether a token is valid."""


class _Middleware(auth_token.AuthProtocol):  # type: ignore[misc] # it has no types
    """Marks the requests that it has seen, and tells a Keystone that is down from a token that is wrong."""

    def process_request(self, request: Any) -> Any:
        request.environ[STATE] = "answered"
        try:
            return super().process_request(request)
        except Exception as error:  # noqa: BLE001
            # Whatever went wrong: outside the application, nobody answers it. It is no reason to let anybody in.
            known = isinstance(error, _UnavailableError)
            _log.error("A token could not be checked: %s", error, exc_info=not known)
            request.user_token_valid = False
            request.environ[STATE] = "unavailable"
            return None

    def fetch_token(self, token: str, **options: Any) -> Any:
        try:
            return super().fetch_token(token, **options)
        except auth_token.InvalidToken as error:
            # Where decisions are delayed, "Keystone is down" arrives as an invalid token too.
            cause = error.__context__
            if isinstance(
                cause, (exceptions.ClientException, auth_token.ServiceError)
            ) and not isinstance(cause, exceptions.NotFound):
                raise _UnavailableError(str(cause)) from error
            raise
