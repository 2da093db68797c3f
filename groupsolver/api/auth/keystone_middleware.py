"""The code that imports keystonemiddleware; it is imported only in the Keystone mode."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from wsgiref.types import WSGIApplication

from keystoneauth1 import exceptions, loading
from keystonemiddleware import auth_token
from oslo_config import cfg

from groupsolver.api.auth.keystone_options import SECTION, STATE_KEY
from groupsolver.errors import BadInput, Fault, nearest
from groupsolver.files.fault_text import refuse

_log = logging.getLogger(__name__)
# Options that would refer to another section, or that this module sets itself.
_RESERVED = {"auth_section", "delay_auth_decision"}


def settings(config: Mapping[str, str]) -> cfg.ConfigOpts:
    """Return the options in the form that the middleware reads.

    They are a set of their own, so the global options of the process do not change.

    Raises
    ------
    BadInput
        Also for a misspelt option, which oslo.config would ignore.
    """
    given = {key.replace("-", "_"): value for key, value in config.items()}
    given.setdefault("auth_type", "password")
    if "auth_url" not in given:
        raise refuse("missing-key", "expected an option 'auth_url'", SECTION)
    try:
        plugin: Any = loading.get_plugin_loader(given["auth_type"])
    except exceptions.NoMatchingPlugin:
        expected = "a kind of authentication that keystoneauth1 knows"
        message = f"expected {expected}, found {given['auth_type']!r}"
        raise refuse("wrong-value", message, f"{SECTION}.auth_type") from None
    conf = cfg.ConfigOpts()
    conf([], project="groupsolver", default_config_files=[], default_config_dirs=[])
    options = [option for _, group in auth_token.list_opts() for option in group]
    options += loading.get_auth_plugin_conf_options(plugin)
    conf.register_opts(options, group=SECTION)
    conf.set_default("http_connect_timeout", 10, group=SECTION)
    conf.set_default("www_authenticate_uri", given["auth_url"], group=SECTION)
    known = {option.dest for option in options} - _RESERVED
    _set_options(conf, given, sorted(known))
    conf.set_override("delay_auth_decision", True, group=SECTION)  # some paths need no token
    return conf


def _set_options(conf: cfg.ConfigOpts, given: Mapping[str, str], known: list[str]) -> None:
    faults = []
    for key, value in given.items():
        path = f"{SECTION}.{key}"
        if key not in known:
            message = f"unknown option {key!r}{nearest(key, known)}"
            faults.append(Fault("unknown-key", path, message))
            continue
        try:
            conf.set_override(key, value, group=SECTION)
        except ValueError as error:
            # The error's text may contain the value.
            expected = "a value of another form" if "password" in key else str(error)
            faults.append(Fault("wrong-value", path, f"expected another value: {expected}"))
    if faults:
        raise BadInput(faults)


def wrapped(app: WSGIApplication, conf: cfg.ConfigOpts) -> WSGIApplication:
    """Return the application behind the middleware. Raises `BadInput`."""
    try:
        made: WSGIApplication = _Middleware(app, {"oslo_config_config": conf})
    except exceptions.ClientException as error:
        raise refuse("missing-key", str(error), SECTION) from None
    return made


class _UnavailableError(Exception):
    """Keystone did not say whether a token is valid."""


class _Middleware(auth_token.AuthProtocol):  # type: ignore[misc] # it has no types
    """A middleware that marks each request, and separates outages from invalid tokens."""

    def process_request(self, request: Any) -> Any:
        request.environ[STATE_KEY] = "answered"
        try:
            return super().process_request(request)
        except Exception as error:  # noqa: BLE001
            # The application cannot answer an error raised here. The request goes on without a
            # valid token, so it is refused whatever the error was.
            known = isinstance(error, _UnavailableError)
            _log.error("A token could not be checked: %s", error, exc_info=not known)
            request.user_token_valid = False
            request.environ[STATE_KEY] = "unavailable"
            return None

    def fetch_token(self, token: str, **options: Any) -> Any:
        try:
            return super().fetch_token(token, **options)
        except auth_token.InvalidToken as error:
            # With `delay_auth_decision`, an outage is raised as an invalid token too.
            cause = error.__context__
            outage = isinstance(cause, (exceptions.ClientException, auth_token.ServiceError))
            if outage and not isinstance(cause, exceptions.NotFound):
                raise _UnavailableError(str(cause)) from error
            raise
