"""Every page of the report under axe-core, in light and dark; on a phone; on paper."""

import importlib.util
from pathlib import Path

import pytest
from viewer import made_up

pytestmark = pytest.mark.browser

PAGES = [
    "overview",
    "overview?task=faces&verdict=wrong",
    "samples",
    "samples?view=grid",
    "samples?task=nothing",
    "compare",
    "run",
]
PAGES += [f"sample/{task}/sample-{place}/1" for place, (task, *_) in enumerate(made_up.TASKS)]
PAGES += ["sample/order/sample-9/0", "sample/no/such/0"]  # one of a missing image, and none at all
SCREENS = {"light": (1440, "light"), "dark": (1440, "dark"), "phone": (390, "dark")}


@pytest.fixture(scope="module")
def axe():
    """axe-core's script, from the package that brings it."""
    spec = importlib.util.find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        pytest.fail("make test-browser installs axe-core")
    return (Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return made_up.write(
        tmp_path_factory.mktemp("report"), made_up.made_up(60, compared=True, repeats=2)
    ).as_uri()


@pytest.fixture(params=SCREENS)
def screen(browser, request):
    width, scheme = SCREENS[request.param]
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    wanted = [("prefers-color-scheme", scheme), ("prefers-reduced-motion", "reduce")]
    features = [{"name": name, "value": value} for name, value in wanted]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    yield browser
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.parametrize("address", PAGES)
def test_axe_finds_nothing_serious_and_the_page_fits_the_screen(screen, site, axe, address):
    screen.get("about:blank")
    screen.get(f"{site}#/{address}")
    screen.execute_script(
        "for (const each of document.querySelectorAll('details')) each.open = true;"
        "document.activeElement.blur();"
    )
    assert screen.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    screen.execute_script(axe)
    found = screen.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
    assert len(found["passes"]) > 10
    told = [
        (each["id"], each["impact"], [node["html"][:200] for node in each["nodes"][:3]])
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    assert told == []


def test_on_paper_the_list_is_whole_and_the_controls_are_gone(browser, site):
    browser.get("about:blank")
    browser.get(f"{site}#/samples")
    seen = "return [...document.querySelectorAll('.list-box li')].length"
    assert browser.execute_script(seen) < 40
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    assert browser.execute_script(seen) == 120
    box = browser.find_element("css selector", ".list-box")
    assert box.size["height"] > 120 * 50
    assert not browser.find_element("id", "choices").is_displayed()
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
