"""Chromium without a window, for whoever looks at a page: tests, pictures of the docs, benchmarks."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

NEEDED = "needs Chromium and its driver on PATH: apt-get install chromium chromium-driver"
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


def chromium(
    *flags: str, logs: Mapping[str, str] | None = None, size: tuple[int, int] = (1440, 900)
) -> Chrome:
    """A driver; whoever takes it quits it.

    Args:
        flags: Of its command line, beside `FLAGS`.
        logs: What it keeps of its pages, by kind: the level.
        size: Of its window, in pixels.

    Raises:
        FileNotFoundError: Chromium or its driver is not there.
    """
    browser, driver_path = (shutil.which(name) for name in ("chromium", "chromedriver"))
    if browser is None or driver_path is None:
        raise FileNotFoundError(NEEDED)
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = browser
    if logs:
        options.set_capability("goog:loggingPrefs", dict(logs))
    for flag in (*FLAGS, *flags):
        options.add_argument(flag)
    driver = webdriver.Chrome(options, webdriver.ChromeService(driver_path))
    driver.set_window_size(*size)
    return driver
