"""Chromium for the tests of the report's page."""

import pytest
from chromium import chromium


@pytest.fixture(scope="module")
def browser():
    driver = chromium()
    yield driver
    driver.quit()
