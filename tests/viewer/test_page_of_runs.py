"""The page of reports as `vecbench report` writes them, of runs with every kind of answer, in Chromium."""

import re

import pytest
from chromium import forget, requested, texts
from test_every_kind import INCLUDED, place, vecbench  # noqa: F401 - a fixture

pytestmark = pytest.mark.browser

VIEWS = {
    "statement": ".options .target",
    "option": ".options b",
    "rank": ".rankings ol",
    "valence": "svg.scale",
    "votes": ".shares .bar",
    "vad": "figure:nth-of-type(3) svg.scale",
    "tags": ".options li",
}


@pytest.fixture(scope="module")
def reports(place):  # noqa: F811
    made = {}
    for name, arguments in {"run": ("run",), "two": ("before.jsonl", "--against", "after.jsonl")}.items():
        done = vecbench("report", *arguments, "-o", f"report-{name}", "--data", "data", *INCLUDED, cwd=place)
        assert done.returncode in (0, 4), done.stderr
        made[name] = place / f"report-{name}" / "index.html"
    return made


@pytest.fixture(params=["run", "two"])
def page(browser, reports, request):
    forget(browser)
    path = reports[request.param]

    def opened(address):
        browser.get("about:blank")
        browser.get(f"{path.as_uri()}#/{address}")
        return browser

    yield opened
    beside = re.compile(rf"{re.escape(path.parent.as_uri())}/(index\.html|thumbnails/\w+\.webp)")
    assert [url for url in requested(browser) if not beside.fullmatch(url)] == []
    assert browser.get_log("browser") == []


def test_every_kind_is_seen_as_what_it_is_with_its_picture(page):
    for task, selector in VIEWS.items():
        browser = page(f"sample/{task}/1/0")
        assert browser.find_elements("css selector", selector), task
        images = browser.find_elements("css selector", "img.large")
        assert images, task
        width = "return arguments[0].decode().then(() => arguments[0].naturalWidth)"
        assert {browser.execute_script(width, image) for image in images} <= set(range(1, 129))


def test_the_tables_lead_to_as_many_samples_as_they_say(page):
    browser = page("overview")
    rows = browser.execute_script(
        "return [...document.querySelectorAll('section:first-child .scores tr')].slice(1)"
        ".map((row) => [row.querySelector('a').getAttribute('href'), Number(row.cells[1].textContent)])"
    )
    assert len(rows) > len(VIEWS)
    for address, n in rows:
        listed = page(address.removeprefix("#/"))
        # What a task leaves out of its scores is listed all the same, and says why.
        dropped = "return list.rows.filter((row) => textsOf(row).runs[state.run].dropped).length"
        shown = int(texts(listed, "#count")[0].split()[0])
        assert shown - listed.execute_script(dropped) == n, address


def test_what_could_not_be_read_is_as_many_samples_as_it_says(page):
    browser = page("overview")
    rows = browser.execute_script(
        "return [...document.querySelectorAll('.unread tbody tr')]"
        ".map((row) => [row.querySelector('a').getAttribute('href'), Number(row.cells[2].innerText)])"
    )
    if "report-run" in browser.current_url:
        assert rows  # the nano model says what it says
    for address, n in rows:
        assert int(texts(page(address.removeprefix("#/")), "#count")[0].split()[0]) == n, address


def test_a_bin_of_the_scores_leads_to_its_samples(page):
    browser = page("overview")
    bins = browser.execute_script(
        "return [...document.querySelectorAll('.reliability tbody tr')]"
        ".map((row) => [row.querySelector('a').getAttribute('href'), Number(row.cells[1].textContent)])"
    )
    assert bins
    for address, n in bins:
        listed = page(address.removeprefix("#/"))
        # Samples that are not judged, ratings say, are in no bin though they have a confidence.
        judged = "return list.rows.filter((row) => columns.runs[state.run].right[row] !== null).length"
        assert listed.execute_script(judged) == n, address
