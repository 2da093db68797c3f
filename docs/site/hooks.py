"""What the site adds to the pages of the docs: notebooks that were run, and links out of docs/."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from docs.site.notebooks import as_markdown, notebooks  # noqa: E402 - after the path is set

REPOSITORY = "https://github.com/groupsolver/groupsolver/blob/main"
_OUTSIDE = re.compile(r"\]\(\.\./([^)]+)\)")


def on_files(files: Any, config: Any) -> Any:
    """Add a page for each notebook."""
    from mkdocs.structure.files import File

    folder = Path.cwd()
    os.chdir(ROOT)  # notebooks read the examples
    try:
        for path in notebooks():
            source = f"notebooks/{path.stem}.md"
            files.append(File.generated(config, source, content=as_markdown(path)))
    finally:
        os.chdir(folder)
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return a page whose links out of the docs lead to the repository."""
    return _OUTSIDE.sub(rf"]({REPOSITORY}/\1)", markdown)
