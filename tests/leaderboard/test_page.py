"""The page in a real browser: it sorts, filters, runs nothing of a stranger's, asks the network nothing."""

import json

import pytest
from chromium import chromium

from vecbench.controls.effects import verdict_of
from vecbench.leaderboard.publication import build
from vecbench.shipped import leaderboards_folder
from vecbench.tasks import load_catalogue

pytestmark = pytest.mark.browser

HOSTILE = "<script>document.title = 'broken in'</script><img src=https://example.org/x onerror=alert(1)>"
MODELS = {  # name → macro accuracy and ECE in ID VER
    "Middling": (0.5, 0.2),
    "Best": (0.9, None),
    "Worst": (0.1, 0.05),
    "Unknown": (None, 0.3),
    HOSTILE: (0.7, 0.1),
}


@pytest.fixture(scope="module")
def browser():
    driver = chromium()
    yield driver
    driver.quit()


@pytest.fixture
def page(browser, tmp_path):
    (tmp_path / "entries").mkdir()
    for place, (name, (accuracy, ece)) in enumerate(MODELS.items()):
        scores = {"macro": {} if accuracy is None else {"accuracy": {"value": accuracy}}}
        scores["pooled"] = {"metrics": {} if ece is None else {"ece": {"value": ece}}}
        entry = {
            "benchmark": "demo",
            "kind": "reported",
            "model": {"name": name, "link": "https://example.org/model"},
            "source": {"name": "a test"},
            "notes": ["</script><script>document.title = 'broken in'</script>"],
            "groups": {"demo_id_ver": scores},
            "tasks": {"emoji_7": {"n": 10, "metrics": {"brier": {"value": 0.1 + place / 100}}}},
        }
        if accuracy is not None:
            value, n = {"value": accuracy, "low": accuracy - 0.1, "high": accuracy + 0.1}, 200
            entry["tasks"]["fluent_7"] = {"n": n, "metrics": {"accuracy": value}}
            scores["pooled"] |= {"n": n, "correct": round(n * accuracy)}
            others = {key: {"value": accuracy} for key in ("brier", "auroc")}
            scores["pooled"]["metrics"] |= {"accuracy": value, **others}
        (tmp_path / "entries" / f"{place}.json").write_text(json.dumps(entry))
    build(tmp_path, tmp_path, load_catalogue())
    for log in ("performance", "browser"):
        browser.get_log(log)  # forgets what the last test left
    browser.get((tmp_path / "index.html").as_uri())
    return browser


def names(page):
    rows = page.find_elements("css selector", "tbody tr")
    return [row.find_element("css selector", "th a").text for row in rows if row.is_displayed()]


def head(page, group, heading, aggregate):
    """The heading's cell in a group's block, found as a reader would: by its text below the group's."""
    cells = page.find_elements("css selector", f"#columns .g{group}")
    return next(cell for cell in cells if cell.text.split() == [heading, aggregate])


def views(page):
    """What can be shown: value → text."""
    options = page.find_elements("css selector", "#view option")
    return {each.get_attribute("value"): each.text for each in options}


def choose(page, control, value):
    page.execute_script(
        "const each = document.getElementById(arguments[0]); each.value = arguments[1];"
        "each.dispatchEvent(new Event('change'));",
        control,
        value,
    )


def test_a_click_sorts_best_first_and_the_undefined_last(page):
    accuracy = head(page, 1, "Acc", "macro")
    accuracy.find_element("tag name", "button").click()
    assert accuracy.get_attribute("aria-sort") == "descending"
    assert names(page) == ["Best", HOSTILE, "Middling", "Worst", "Unknown"]
    accuracy.find_element("tag name", "button").click()
    assert accuracy.get_attribute("aria-sort") == "ascending"
    assert names(page) == ["Worst", "Middling", HOSTILE, "Best", "Unknown"]


def test_the_keyboard_sorts_too_and_a_low_ece_is_best(page):
    ece = head(page, 1, "ECE", "pooled")
    ece.find_element("tag name", "button").send_keys("\ue007")
    assert ece.get_attribute("aria-sort") == "ascending"
    assert names(page) == ["Worst", HOSTILE, "Middling", "Unknown", "Best"]
    assert len(page.find_elements("css selector", "[aria-sort]")) == 1


def test_names_sort_as_text(page):
    page.find_element("css selector", "#columns .model button").click()
    assert names(page) == sorted(names(page), key=str.lower)


def test_the_filter_keeps_what_has_every_word(page):
    page.find_element("id", "filter").send_keys("WORST test")
    assert names(page) == ["Worst"]
    assert page.find_element("id", "status").text == "1 of 5 shown"
    page.find_element("id", "filter").clear()
    page.find_element("id", "filter").send_keys("x")
    choose(page, "kind", "verified")
    assert names(page) == []


def test_a_group_shows_all_its_columns_and_no_others(page):
    choose(page, "view", "g1")
    cells = page.find_elements("css selector", "#columns .n")
    shown = [cell for cell in cells if cell.is_displayed()]
    assert all("g1" in cell.get_attribute("class").split() for cell in shown)
    assert [cell.text.split()[0] for cell in shown] == ["Rank", "Acc", "Acc", "ECE", "Brier", "AUROC"]
    assert not page.find_elements("css selector", ".g0")


def shown(page, selector):
    return [
        each.text.split("\n") for each in page.find_elements("css selector", selector) if each.is_displayed()
    ]


def test_a_task_is_opened_with_all_its_columns(page):
    choose(page, "view", next(v for v, text in views(page).items() if text == "Fluent-7"))
    assert shown(page, "#groups .group") == [["Fluent-7"]]
    assert shown(page, "#columns .n") == [["Acc"], ["Brier"], ["n"]]
    assert shown(page, "tbody tr:first-child .n") == [["50.00", "40.0–60.0"], ["–"], ["200"]]
    page.find_element("css selector", "#columns .task button").send_keys("\ue007")
    assert names(page) == ["Best", HOSTILE, "Middling", "Worst", "Unknown"]
    choose(page, "view", "main")
    assert page.find_elements("css selector", ".task") == []


def test_a_measure_is_shown_over_all_tasks_under_their_groups(page):
    choose(page, "view", next(v for v, text in views(page).items() if text == "Brier by task"))
    assert len(shown(page, "#groups .group")) == 3
    tasks = shown(page, "#columns .n")
    assert len(tasks) == 3
    assert all(each[1] == "Brier" for each in tasks)
    page.find_elements("css selector", "#columns .task button")[1].click()
    # The entries lie in the order of MODELS, each with a Brier score one point higher.
    assert names(page) == list(MODELS)


def test_tasks_stay_sorted_when_another_one_is_opened(page):
    first, second = [value for value, text in views(page).items() if text in {"Emoji-7", "Fluent-7"}]
    choose(page, "view", first)
    page.find_element("css selector", "#columns .task button").click()
    choose(page, "view", second)
    assert page.find_element("css selector", "#columns .task").get_attribute("aria-sort") == "descending"


def test_ranks_are_those_of_the_column_that_is_sorted_by(page):
    ranks = {name: rank for name, [rank] in zip(names(page), shown(page, "tbody .rank.g1"), strict=True)}
    assert ranks["Best"] == "1"
    page.execute_script(
        "const ranks = document.getElementById('standings').dataset.measures.split('|')"
        ".map((measure) => (measure === 'Brier' ? '7–9' : '–')).join(' ');"
        "for (const cell of document.querySelectorAll('tbody .rank.g1[data-ranks]'))"
        " cell.dataset.ranks = ranks;"
    )
    head(page, 1, "Brier", "pooled").find_element("tag name", "button").click()
    assert shown(page, "#columns .rank.g1") == [["Rank", "Brier"]]
    assert {rank for [rank] in shown(page, "tbody .rank.g1")} == {"–", "7–9"}


def test_headings_stand_above_their_cells(page):
    places = page.execute_script(
        "const row = document.querySelector('tbody tr').cells;"
        "return [...document.getElementById('columns').cells].map((cell, i) =>"
        " [cell.getBoundingClientRect().left, row[i].getBoundingClientRect().left]);"
    )
    assert all(abs(above - below) < 1 for above, below in places)


def test_a_name_with_a_script_in_it_stays_text(page):
    assert HOSTILE in names(page)
    assert page.title == "Demo leaderboard"
    assert len(page.find_elements("tag name", "script")) == 1
    assert page.find_elements("tag name", "img") == []


def test_the_policy_stops_a_script_that_got_in_all_the_same(page):
    page.execute_script(
        "const each = document.createElement('script'); each.textContent = 'window.intruder = 1';"
        "document.body.append(each);"
    )
    assert page.execute_script("return window.intruder") is None


def test_the_page_asks_the_network_nothing(page):
    page.find_element("css selector", "#columns .model button").click()
    events = [json.loads(each["message"])["message"] for each in page.get_log("performance")]
    asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    assert [url.split("/")[-1] for url in asked] == ["index.html"]
    assert asked[0].startswith("file:")
    assert page.get_log("browser") == []


BOARDS = leaderboards_folder()
FALLS = {"Without a control": None, "Looking": 0.3, "Rising": -0.1, "Staying": 0.01}


@pytest.fixture
def with_controls(browser, tmp_path):
    """The page of the demo's entry under other names; their controls say that confidence falls by `FALLS`."""
    [path] = (BOARDS / "demo" / "entries").glob("*.json")
    (tmp_path / "entries").mkdir()
    for place, (name, fall) in enumerate(FALLS.items()):
        said = json.loads(path.read_text())
        digest = str(place) * 64
        said |= {"submission_sha256": digest, "responses_sha256": digest}
        said["model"]["name"] = name
        if fall is not None:
            low, high = fall - 0.02, fall + 0.02
            effect = {
                "stated": 50,
                "confidence_fall": {"value": fall, "low": low, "high": high},
                "auroc": {"value": 0.5 + fall},
                "verdict": verdict_of(low, high),
            }
            blocks = {**said["groups"], "overall": said["overall"]}
            effects = {block: {"n": each["pooled"]["n"], **effect} for block, each in blocks.items()}
            control = {"name": "blank", "keys": True, "overall": effects.pop("overall"), "groups": effects}
            said["control"] = control
        (tmp_path / "entries" / f"x-{digest[:8]}.json").write_text(json.dumps(said))
    build(tmp_path, tmp_path, load_catalogue())
    browser.get((tmp_path / "index.html").as_uri())
    return browser


def models(page):
    """The names of the entries that are no baselines, from above."""
    rows = page.find_elements("css selector", "tbody tr:not([data-kind=baseline]) .model")
    return [row.text.split("\n")[0] for row in rows]


def test_what_controls_show_is_sorted_in_every_block_and_the_unknown_is_last(with_controls):
    page = with_controls
    for block in range(3):
        cells = page.find_elements("css selector", f"#columns .g{block}")
        fall = next(cell for cell in cells if cell.text.split() == ["falls", "by", "control"])
        fall.find_element("tag name", "button").click()
        assert models(page) == ["Looking", "Staying", "Rising", "Without a control"]
        fall.find_element("tag name", "button").click()
        assert models(page) == ["Rising", "Staying", "Looking", "Without a control"]
    choose(page, "view", "g3")
    heads = [each for each in shown(page, "#columns .n") if each[-1] == "control"]
    assert heads == [["falls by", "control"], ["AUROC", "control"]]


def test_a_confidence_that_does_not_fall_is_said_in_words_that_can_be_heard(with_controls):
    texts = {}
    for row in with_controls.find_elements("css selector", "tbody tr:not([data-kind=baseline])"):
        texts[row.find_element("css selector", ".model").text.split("\n")[0]] = row.get_attribute(
            "textContent"
        )
    said = {name: ("does not fall" in text, "rises" in text, "¶" in text) for name, text in texts.items()}
    assert said == {
        "Without a control": (False, False, False),
        "Looking": (False, False, False),
        "Rising": (True, True, True),
        "Staying": (True, False, True),
    }


def test_the_columns_of_controls_are_wide_enough_for_what_stands_in_them(with_controls):
    for view in ("main", "g1", "g3"):
        choose(with_controls, "view", view)
        cut = with_controls.execute_script(
            "return [...document.querySelectorAll('th.n button, td.n, td.n small')].filter((each) =>"
            " each.checkVisibility() && each.scrollWidth > each.clientWidth).map((each) => each.textContent)"
        )
        assert cut == []


@pytest.fixture
def phone(browser):
    """The browser with the screen of a phone, in the dark."""
    screen = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
    yield browser
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_the_page_across_benchmarks_fits_a_phone_and_is_dark_where_that_is_wanted(phone):
    for log in ("performance", "browser"):
        phone.get_log(log)
    phone.get((BOARDS / "index.html").as_uri())
    assert phone.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    phone.execute_script("document.querySelector('.scroll').scrollLeft = 300")
    name = phone.find_element("css selector", "tbody th")
    assert 0 <= name.rect["x"] < 20  # it stays while the numbers are moved
    assert phone.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"
    assert [each.tag_name for each in phone.find_elements("css selector", "script, img")] == []
    events = [json.loads(each["message"])["message"] for each in phone.get_log("performance")]
    asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    assert [url.split("/")[-1] for url in asked] == ["index.html"]
    assert phone.get_log("browser") == []


def test_the_page_across_benchmarks_leads_to_the_boards(browser):
    browser.get((BOARDS / "index.html").as_uri())
    links = {each.get_attribute("href") for each in browser.find_elements("css selector", "thead a")}
    assert links == {(path.parent / "index.html").as_uri() for path in BOARDS.glob("*/entries")}


@pytest.mark.parametrize("board", sorted(path.parent.name for path in BOARDS.glob("*/entries")))
def test_no_heading_above_numbers_is_cut_off(browser, board):
    browser.get((BOARDS / board / "index.html").as_uri())
    cut = browser.execute_script(
        "return [...document.querySelectorAll('thead th.group, thead th.n button')].filter((each) =>"
        " each.checkVisibility() && each.scrollWidth > each.clientWidth).map((each) => each.textContent)"
    )
    assert cut == []
