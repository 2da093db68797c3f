"""The options of ``[keystone_authtoken]``, and the names that its two modules share."""

from __future__ import annotations

import configparser
import stat
from pathlib import Path

from groupsolver.files.fault_text import refuse

SECTION = "keystone_authtoken"
STATE_KEY = "groupsolver.keystone"
"""The key of the environ that the middleware sets. A client cannot: its headers become HTTP_..."""


def read_options(path: Path) -> dict[str, str]:
    """Read the section from an INI file.

    Raises
    ------
    BadInput
        ``unsafe-file`` where every user may read it, ``unreadable-file``, ``not-text``,
        ``not-ini``; ``missing-key`` without the section.
    """
    parser = configparser.ConfigParser(interpolation=None)  # a password may contain %
    try:
        if path.stat().st_mode & stat.S_IRWXO:
            message = "expected a file that not everybody may read (chmod o=), as it has a password"
            raise refuse("unsafe-file", message)
        parser.read_string(path.read_text(encoding="utf-8"))
        return dict(parser[SECTION])
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        raise refuse("unreadable-file", message) from None
    except UnicodeDecodeError:
        raise refuse("not-text", "expected UTF-8 text") from None
    except KeyError:
        raise refuse("missing-key", f"expected a section [{SECTION}]") from None
    except configparser.Error as error:
        # The error's own text repeats the line, which may contain a password.
        raise refuse("not-ini", f"expected an INI file: {type(error).__name__}") from None
