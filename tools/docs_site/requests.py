"""What a built site asks other hosts for: nothing, which its pages' Content-Security-Policy also enforces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

ELSEWHERE = re.compile(r"\s*(?:[a-z][a-z+.-]*:)?//", re.IGNORECASE)
IN_CSS = re.compile(r"(?:url\(|@import)\s*['\"]?\s*((?:https?:)?//[^'\")\s]+)", re.IGNORECASE)
LOADS = frozenset(
    {"src", "srcset", "poster", "data", "action", "formaction", "manifest", "ping", "xlink:href"}
)
FOLLOWED = {"a", "area"}
"""Their href is for who clicks."""
TOLD = {"canonical", "author", "license", "next", "prev", "alternate"}
"""Relations of a <link> that no browser loads."""


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.policy: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if values.get("http-equiv", "").casefold() == "content-security-policy":
            self.policy = values.get("content", "")
        loads = LOADS if tag in FOLLOWED or values.get("rel") in TOLD else LOADS | {"href"}
        self.asked += [
            f"<{tag} {name}={each.strip()}>"
            for name in loads & values.keys()
            for each in values[name].split(", " if name == "srcset" else None)
            if ELSEWHERE.match(each)
        ]
        self.asked += IN_CSS.findall(values.get("style", ""))


def requests_of_page(text: str) -> Iterator[str]:
    """What an HTML page would load of other hosts, or could for want of a policy that forbids it."""
    page = _Page()
    page.feed(text)
    yield from page.asked
    for style in re.findall(r"<style.*?</style>", text, re.DOTALL):
        yield from IN_CSS.findall(style)
    if page.policy is None or "default-src" not in page.policy:
        yield "anything: the page has no Content-Security-Policy with a default-src"
    elif re.search(r"//|\*|\bhttps?:", page.policy):
        yield f"what its Content-Security-Policy lets through: {page.policy}"


def requests_of_site(site: Path) -> Iterator[str]:
    """The same of all pages and style sheets of a folder, each with its file.

    Scripts are not read: a page's policy holds what they may ask.
    """
    for path in sorted(site.rglob("*")):
        found: Iterator[str] = iter(())
        if path.suffix == ".html":
            found = requests_of_page(path.read_text("utf-8"))
        elif path.suffix == ".css":
            found = iter(IN_CSS.findall(path.read_text("utf-8")))
        yield from (f"{path.relative_to(site)}: {each}" for each in found)
