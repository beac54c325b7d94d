"""A page of the repository as the site takes it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from tools.docs_site.places import place_of

MARKER = re.compile(r"^<!-- site: (.+?) -->$", re.MULTILINE)
REMARK = re.compile(r"^<!-- .+ -->$", re.MULTILINE)
"""What says how a block is remade: to Markdown, HTML that the block belongs to."""
LINK = re.compile(r"(?<=\]\()(?P<path>[^)\s#:]+)(?P<anchor>#[^)\s]*)?(?=\))")
EXAMPLE = re.compile(r"^( *)>>> .*\n(?:\1 *\S.*\n)*", re.MULTILINE)
"""From the first prompt to the next empty line."""


def markers(text: str) -> list[str]:
    """What a page wants made."""
    return MARKER.findall(text)


def for_site(
    text: str,
    origin: Path,
    place: str,
    made: Mapping[str, Callable[[], str]],
    wanted: Callable[[str, Path], None],
) -> str:
    """A page with what it names made, and with links that lead to places of the site.

    Args:
        text: Markdown. A link that begins with / is from the root of the site.
        origin: The file that it is of.
        place: Where the site has it.
        made: Name of a marker → what makes its text.
        wanted: Told the place and the file of every link that leads to no page.

    Raises:
        KeyError: A marker names what nothing makes.
    """
    here = PurePosixPath(place).parent

    def led(link: re.Match[str]) -> str:
        there: str | None = link["path"][1:]
        if not link["path"].startswith("/"):
            path = Path(os.path.normpath(origin.parent / link["path"]))
            there = place_of(path)
            if there is not None and not there.endswith(".md"):
                wanted(there, path)
        if there is None:
            return link[0]  # for mkdocs to judge
        return os.path.relpath(there, here).replace(os.sep, "/") + (link["anchor"] or "")

    text = REMARK.sub("", MARKER.sub(lambda marker: made[marker[1]](), text))
    return LINK.sub(led, text.replace("```python\n>>> ", "```pycon\n>>> "))


def with_fenced_examples(docstring: str) -> str:
    """A docstring whose examples are blocks of code: in Markdown, `>>>` begins a quotation."""
    return EXAMPLE.sub(lambda block: f"{block[1]}```pycon\n{block[0]}{block[1]}```\n", f"{docstring}\n")
