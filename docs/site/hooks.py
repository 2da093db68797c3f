"""What the site adds to the docs: notebooks that were run, and search without a server."""

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
# "```yaml app": the words after the language are for tests/docs.
# Python-Markdown would take such a fence for text.
_FENCE = re.compile(r"^( *```[a-z]+) .+$", re.MULTILINE)
# What a page loads by itself. Links (<a href>) may lead anywhere.
_LOADED = re.compile(
    r"<(?:script|img|iframe|link|source)\b[^>]*?\b(?:src|href)=[\"']?(?:https?:)?//[^>]*>"
)


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
    """Return a page with plain fences, whose links out of the docs lead to the repository."""
    plain = _FENCE.sub(r"\1", markdown)
    return _OUTSIDE.sub(rf"]({REPOSITORY}/\1)", plain)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Return the page of the site, or refuse one that loads something from elsewhere."""
    from mkdocs.exceptions import PluginError

    loaded = _LOADED.search(output)
    if loaded:
        raise PluginError(f"{page.file.src_uri} loads something from elsewhere: {loaded.group()}")
    return output


def on_post_build(config: Any) -> None:
    """Write the search index as a script too: pages opened as files can read no JSON."""
    folder = Path(config.site_dir) / "search"
    index = (folder / "search_index.json").read_text(encoding="utf-8")
    (folder / "search_index.js").write_text(f"var __index = {index}", encoding="utf-8")
