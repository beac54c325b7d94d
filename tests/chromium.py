"""Chromium as the tests drive it, and what is read of its pages."""

import json

import pytest

from tools.chromium import chromium as driver

READ = "return [...document.querySelectorAll(arguments[0])].map((each) => each.innerText ?? each.textContent)"


def chromium():
    """A driver that keeps what its pages requested and complained of; whoever takes it quits it."""
    try:
        return driver(logs={"performance": "ALL", "browser": "ALL"})
    except FileNotFoundError as fault:
        pytest.fail(f"make test-browser {fault}")


def forget(browser):
    """Leaves behind what earlier pages requested and complained of."""
    for log in ("performance", "browser"):
        browser.get_log(log)


def requested(browser):
    """What was requested since then: addresses without what is behind #."""
    events = [json.loads(each["message"])["message"] for each in browser.get_log("performance")]
    asked = [
        each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"
    ]
    return {url.partition("#")[0] for url in asked if not url.startswith(("data:", "about:"))}


def texts(browser, selector):
    """The texts of all elements, as they are seen; of a diagram, too."""
    return [text.strip().replace("\xa0", " ") for text in browser.execute_script(READ, selector)]
