"""The report's page in Chromium: filters, keys, links, clicks; it asks for nothing and runs nothing else."""

from urllib.parse import quote

import pytest
from chromium import forget, requested, texts
from viewer import made_up

pytestmark = pytest.mark.browser

ESCAPE, ENTER, DOWN, UP = "\ue00c", "\ue007", "\ue015", "\ue013"
ATTACK = (
    "<img src=x onerror=\"document.title='broken in'\"></script><script>document.title='broken in'</script>"
    "]]>javascript:alert(1)&amp;\u202egnp\u2066\u200b\ud800\u2028"
)
IN_MARKS = "⟨U+202E⟩gnp⟨U+2066⟩⟨U+200B⟩⟨U+D800⟩⟨U+2028⟩"

# Texts and attributes in which a character stands that cannot be seen, or half of one.
UNMARKED = """
const both = NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT;
const walker = document.createTreeWalker(document.documentElement, both);
const found = [];
while (walker.nextNode()) {
  const node = walker.currentNode;
  if ((node.parentNode ?? node).closest?.("script, style") || node.tagName === "SCRIPT") continue;
  const isText = node.nodeType === Node.TEXT_NODE;
  const texts = isText ? [node.data] : [...node.attributes].map((each) => each.value);
  for (const text of texts)
    if (/[\\u202E\\u2066\\u200B\\u2028]/.test(text) || !text.isWellFormed()) found.push(text.toWellFormed());
}
return found;
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The addresses of made-up reports: one run, two runs, attacked, of many samples."""
    blocks = {
        "one": made_up.made_up(60, repeats=2),
        "two": made_up.made_up(60, compared=True),
        "attacked": made_up.hostile(made_up.made_up(30, compared=True, repeats=2), ATTACK),
        "many": made_up.made_up(5000, words=5),
    }
    folders = {name: tmp_path_factory.mktemp(name) for name in blocks}
    return {name: made_up.write(folders[name], each).as_uri() for name, each in blocks.items()}


@pytest.fixture
def page(browser, site):
    """Opens a report anew at an address; at the end, it has asked for nothing and complained of nothing."""
    forget(browser)

    def opened(address="#/overview", report="one"):
        browser.get("about:blank")
        browser.get(site[report] + address)
        return browser

    yield opened
    assert requested(browser) <= {*site.values()}
    assert browser.get_log("browser") == []


def all_of(browser, selector):
    return browser.find_elements("css selector", selector)


def only(browser, selector):
    (element,) = all_of(browser, selector)
    return element


def count(browser):
    return only(browser, "#count").text


def wait(browser, condition, what):
    """Until it is so; an element that the page replaces while it is looked at is looked for again."""
    from selenium.common.exceptions import StaleElementReferenceException
    from selenium.webdriver.support.wait import WebDriverWait

    replaced = [StaleElementReferenceException]
    return WebDriverWait(browser, 20, 0.02, replaced).until(lambda _: condition(), what)


def address(browser):
    return browser.execute_script("return location.hash")


def choose(browser, label, text):
    from selenium.webdriver.support.ui import Select

    (found,) = [
        each for each in all_of(browser, "#choices label") if each.text.split("\n")[0].strip() == label
    ]
    Select(found.find_element("css selector", "select")).select_by_visible_text(text)


def press(browser, *keys):
    from selenium.webdriver import ActionChains

    for key in keys:
        ActionChains(browser).send_keys(key).perform()


def rows_where(**wanted):
    """How many rows of the report of one run a reader expects, counted from what was made up."""
    report, rows, _ = made_up.made_up(60, repeats=2)
    run = rows["runs"][0]
    value = {
        "task": [report["tasks"][task]["id"] for task in rows["task"]],
        "verdict": [run["verdict"]["values"][code] for code in run["verdict"]["codes"]],
        "target": [rows["target"]["values"][code] for code in rows["target"]["codes"]],
        "answer": [None if code < 0 else run["answer"]["values"][code] for code in run["answer"]["codes"]],
        "error": [None if code < 0 else run["error"]["values"][code] for code in run["error"]["codes"]],
        "style": [(["drawn", "painted", None][row % 3]) for row in range(len(rows["id"]))],
        "confidence": run["confidence"]["stated"],
    }
    return [
        row
        for row in range(len(rows["id"]))
        if all(
            each(value[key][row]) if callable(each) else value[key][row] == each
            for key, each in wanted.items()
        )
    ]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("task=faces", {"task": "faces"}),
        ("task=faces&task=own", {"task": lambda task: task in ("faces", "own")}),
        ("verdict=wrong&target=joy", {"verdict": "wrong", "target": "joy"}),
        ("subset=style%3A+drawn", {"style": "drawn"}),
        ("answer=%E2%88%85", {"answer": None}),
        ("error=timed+out", {"error": "timed out"}),
        ("confidence=0.3-0.4", {"confidence": lambda value: value is not None and 0.3 <= value < 0.4}),
        ("confidence=0.9-1", {"confidence": lambda value: value is not None and value >= 0.9}),
        ("confidence=%E2%88%85", {"confidence": None}),
    ],
)
def test_an_address_filters_the_samples(page, query, wanted):
    expected = len(rows_where(**wanted))
    assert 0 < expected < 120
    assert count(page(f"#/samples?{query}")) == f"{expected} of 120 samples"


def test_the_choices_filter_stand_in_the_address_and_back_undoes_them(page):
    browser = page("#/samples")
    choose(browser, "Task", "Faces")
    choose(browser, "Verdict", f"wrong ({len(rows_where(verdict='wrong'))})")
    assert address(browser) == "#/samples?task=faces&verdict=wrong"
    wrong = len(rows_where(task="faces", verdict="wrong"))
    assert count(browser) == f"{wrong} of 120 samples"
    assert set(texts(browser, ".list-box .badge")) == {"✗ wrong"}
    browser.back()
    wait(
        browser,
        lambda: count(browser) == f"{len(rows_where(task='faces'))} of 120 samples",
        "Back takes the last filter away",
    )
    choose(browser, "Task", "all")
    assert address(browser) == "#/samples"
    page("#/samples?task=faces&verdict=wrong&order=id")
    only(browser, "#clear").click()
    assert address(browser) == "#/samples?order=id"
    assert count(browser) == "120 of 120 samples"


def test_confidently_wrong_answers_come_first_and_other_orders_are_chosen(page):
    browser = page("#/samples")
    confidence = [float(text.split()[-2]) for text in texts(browser, ".list-box .sure")[:8]]
    assert confidence == sorted(confidence, reverse=True)
    assert set(texts(browser, ".list-box .badge")[:8]) <= {"✗ wrong", "? unread"}
    choose(browser, "Order", "unsure right first")
    assert set(texts(browser, ".list-box .badge")[:8]) == {"✓ right"}
    confidence = [float(text.split()[-2]) for text in texts(browser, ".list-box .sure")[:8]]
    assert confidence == sorted(confidence)
    choose(browser, "Order", "task and id")
    assert [name.split("\n")[0] for name in texts(browser, ".list-box .name")[:3]] == [
        "sample-0",
        "sample-0",
        "sample-6",
    ]


def test_text_is_searched_in_id_prompt_and_response_while_it_is_typed(page):
    browser = page("#/samples")
    press(browser, "/")
    assert browser.switch_to.active_element.get_attribute("id") == "search"
    press(browser, *"PICTURE 18 evoke")
    wait(browser, lambda: count(browser) == "1 of 120 samples", "the prompt is searched, whatever the case")
    assert address(browser) == "#/samples?q=PICTURE+18+evoke"
    assert browser.switch_to.active_element.get_attribute("id") == "search"
    press(browser, ESCAPE)
    assert browser.switch_to.active_element.tag_name == "body"
    page("#/samples?q=for+all+votes")
    wait(
        browser, lambda: count(browser) == "20 of 120 samples", "a prompt that samples share is searched too"
    )
    page("#/samples?q=sample-3")
    wait(
        browser,
        lambda: count(browser) == "22 of 120 samples",
        "the id is searched: 3 and 30 to 39, twice each",
    )


def test_keys_walk_open_and_come_back(page):
    browser = page("#/samples")
    names = [name.split("\n")[0] for name in texts(browser, ".list-box .name")]

    def is_active(name):
        return [each.split("\n")[0] for each in texts(browser, ".list-box li.active .name")] == [name]

    press(browser, "j", DOWN, "k", UP, "j")
    wait(browser, lambda: is_active(names[1]), "j and the arrows walk through the list")
    press(browser, ENTER)
    wait(browser, lambda: address(browser).startswith("#/sample/"), "Enter opens the sample")
    wait(browser, lambda: all_of(browser, "main h2")[0].text.startswith(names[1]), "the sample is shown")
    press(browser, "j")
    wait(browser, lambda: all_of(browser, "main h2")[0].text.startswith(names[2]), "j goes to the next")
    press(browser, ESCAPE)
    wait(browser, lambda: address(browser) == "#/samples", "Esc goes back to the list")
    wait(browser, lambda: is_active(names[2]), "where the reader was")
    press(browser, "w")
    wait(browser, lambda: address(browser) == "#/samples?verdict=wrong", "w leaves the wrong ones")
    press(browser, "w", "g")
    wait(browser, lambda: address(browser) == "#/samples?view=grid", "g turns the list into a grid")
    wait(browser, lambda: len(all_of(browser, "ol.grid li")) > 10, "tiles are drawn")
    press(browser, "?")
    assert only(browser, "#help").is_displayed()
    press(browser, ESCAPE)
    assert not only(browser, "#help").is_displayed()


def test_a_click_on_a_bin_shows_its_samples(page):
    browser = page()
    label = "80 % to 90 %"
    bins = all_of(browser, ".diagram a.bin")
    assert len(bins) == 10
    from selenium.webdriver import ActionChains

    ActionChains(browser).move_to_element(bins[8]).perform()
    told = only(browser, ".told").text
    expected = len(
        rows_where(
            verdict=lambda each: each != "not judged",
            confidence=lambda each: each is not None and 0.8 <= each < 0.9,
        )
    )
    assert f"{expected} answers" in told
    ActionChains(browser).click(bins[8]).perform()
    wait(browser, lambda: address(browser) == "#/samples?confidence=0.8-0.9", label)
    shown = rows_where(confidence=lambda each: each is not None and 0.8 <= each < 0.9)
    wait(browser, lambda: count(browser) == f"{len(shown)} of 120 samples", "the bin's samples")
    wait(browser, lambda: "Confidence: 80 % to 90 %" in only(browser, ".chips").text, "the filter is named")


def test_a_bin_is_reached_and_opened_by_the_keyboard(page):
    browser = page()
    bin_ = all_of(browser, ".diagram a.bin")[2]
    browser.execute_script("arguments[0].focus()", bin_)
    assert only(browser, ".told").text.startswith("Says 2")
    press(browser, ENTER)
    wait(browser, lambda: address(browser) == "#/samples?confidence=0.2-0.3", "Enter on a bin")


def test_the_diagram_says_in_words_what_it_shows_and_follows_the_filters(page):
    browser = page()
    words = only(browser, ".headline").text
    assert words.startswith("When the model says ")
    assert {"overconfident:", "says more than it is right", "underconfident:"} <= set(
        texts(browser, ".diagram .zone")
    )
    before = sum(int(text) for text in texts(browser, ".diagram .bin text"))
    choose(browser, "Task", "Faces")
    wait(
        browser,
        lambda: sum(int(text) for text in texts(browser, ".diagram .bin text")) < before,
        "counts follow",
    )
    expected = rows_where(
        task="faces", verdict=lambda each: each != "not judged", confidence=lambda each: each is not None
    )
    assert sum(int(text) for text in texts(browser, ".diagram .bin text")) == len(expected)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (".confusion td.miss a", "#/samples?task=faces&target=anger&answer=fear"),
        (".unread tbody a", "#/samples?answer_status=no+answer"),
        (".scores tr.task a", "#/samples?task=faces"),
        (".scores tr.subset a", "#/samples?task=faces&subset=style%3A+drawn"),
    ],
)
def test_a_click_in_a_table_of_the_overview_shows_the_samples_behind_it(page, selector, expected):
    browser = page()
    link = all_of(browser, selector)[0]
    behind = link.text
    link.click()
    wait(browser, lambda: address(browser) == expected, "the filter is in the address")
    wait(browser, lambda: count(browser) != "120 of 120 samples", "others are left out")
    if behind.isdecimal():
        assert count(browser).split()[0] == behind


def test_a_sample_has_an_address_of_its_own_and_shows_all_that_is_known(page):
    browser = page("#/sample/faces/sample-6/1")
    assert only(browser, "main h2").text == "sample-6 Faces"
    assert browser.title.startswith("sample-6 – ")
    response = only(browser, "pre[aria-label='Raw response']")
    assert response.text.startswith("<think>")
    marks = {
        each.get_attribute("class"): each.text for each in response.find_elements("css selector", "mark")
    }
    _, _, said = made_up.made_up(60, repeats=2)
    assert marks["reasoning"] == said[66]["runs"][0]["reasoning"]
    assert texts(browser, ".repeats a")[1].startswith("2")
    all_of(browser, ".repeats a")[0].click()
    wait(browser, lambda: address(browser) == "#/sample/faces/sample-6/0", "the other repeat has an address")
    wait(browser, lambda: not only(browser, "details pre").is_displayed(), "reasoning is folded")
    assert page("#/sample/faces/nowhere/0").find_element("css selector", "main h2").text == "No such sample"


def test_every_kind_of_answer_has_its_view(page):
    browser = page()
    views = {
        "faces": ".options li",
        "pairs": ".options b",
        "order": ".rankings ol",
        "valence": "svg.scale",
        "votes": ".shares .bar",
    }
    for place, (task, selector) in enumerate(views.items()):
        page(f"#/sample/{task}/sample-{place}/0")
        assert all_of(browser, selector), task
    page("#/sample/votes/sample-4/0")
    assert only(browser, "pre[aria-label='Prompt']").text == "One prompt for all votes."
    page("#/sample/order/sample-2/0")
    assert texts(browser, ".rankings li small") == ["same place", "same place"]


def test_two_runs_are_compared_sample_by_sample(page):
    browser = page("#/compare", "two")
    counts = dict(
        zip(
            texts(browser, ".flips tbody th"),
            [int(text) for text in texts(browser, ".flips td:nth-child(2)")],
            strict=True,
        )
    )
    assert sum(counts.values()) == 60
    assert counts["right → wrong"] > 0
    browser.find_element("link text", "right → wrong").click()
    wait(browser, lambda: address(browser) == "#/compare?flip=right+%E2%86%92+wrong", "the flip is chosen")
    flipped = f"{counts['right → wrong']} of 60 samples"
    wait(browser, lambda: count(browser) == flipped, "its samples are shown")
    for line in all_of(browser, ".pairs-list li"):
        assert [each.text for each in line.find_elements("css selector", ".badge")] == [
            "✓ right",
            "✗ wrong",
        ] or "unread" in line.text
    press(browser, ENTER)
    wait(browser, lambda: len(all_of(browser, ".side")) == 2, "both responses stand beside each other")


def test_an_attack_in_every_text_stays_text(page):
    browser = page("#/overview", "attacked")
    for address_ in ("overview", "samples", "samples?view=grid", "compare", "run"):
        page(f"#/{address_}", "attacked")
        assert "onerror=" in browser.execute_script("return document.body.innerText.toWellFormed()")
        assert_harmless(browser)
    page("#/samples?order=id", "attacked")
    link = all_of(browser, ".list-box a")[0].get_attribute("href")
    page(link[link.index("#") :], "attacked")
    assert IN_MARKS in only(browser, "main h2").text
    assert IN_MARKS in all_of(browser, "pre[aria-label='Raw response']")[0].text
    assert all(IN_MARKS in each.text for each in all_of(browser, "pre[aria-label='Prompt']"))
    assert_harmless(browser)
    browser.find_element("link text", "Next").click()
    assert_harmless(browser)
    choice = "#/samples?target=" + quote("anger" + ATTACK.partition("\u202e")[0] + IN_MARKS)
    page(choice, "attacked")
    assert 0 < int(count(browser).split()[0]) < 60


def assert_harmless(browser):
    assert browser.title != "broken in"
    assert all_of(browser, "img[onerror], [src=x], [href^='javascript'], [style*='url']") == []
    assert {each.get_attribute("type") for each in all_of(browser, "script")} == {"application/json", ""}
    assert browser.execute_script(UNMARKED) == []


def test_of_many_samples_few_are_elements_and_the_last_is_reached(page):
    browser = page("#/samples", "many")
    assert len(all_of(browser, ".list-box li")) < 40
    press(browser, "\ue010")  # End
    wait(
        browser,
        lambda: only(browser, ".list-box li.active").get_attribute("aria-posinset") == "5000",
        "the last",
    )
    browser.execute_script("document.querySelector('.list-box').scrollTop = 100000")
    wait(
        browser,
        lambda: any(abs(int(each) - 1563) < 10 for each in places(browser)),
        "what is scrolled to is drawn",
    )
    assert len(all_of(browser, ".list-box li")) < 40


def test_samples_that_are_scrolled_to_have_their_images(page):
    browser = page("#/samples", "many")
    shown = (
        "return [...document.querySelectorAll('.list-box img')].every((each) => each.naturalWidth === 128)"
    )
    wait(browser, lambda: browser.execute_script(shown), "the first have them")
    browser.execute_script("document.querySelector('.list-box').scrollTop = 100000")
    wait(browser, lambda: any(abs(int(each) - 1563) < 10 for each in places(browser)), "others are drawn")
    wait(browser, lambda: browser.execute_script(shown), "and these have them")


def places(browser):
    read = "return [...document.querySelectorAll('.list-box li')].map((each) => each.ariaPosInSet)"
    return browser.execute_script(read)


def test_a_page_that_no_filter_leaves_a_sample_says_so(page):
    browser = page("#/samples?task=faces&target=nothing")
    assert count(browser) == "0 of 120 samples"
    press(browser, "j", ENTER)
    assert address(browser) == "#/samples?task=faces&target=nothing"
    page("#/overview?task=faces&target=nothing")
    assert "nothing to draw" in only(browser, ".reliability").text
