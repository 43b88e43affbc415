"""What all tests share: how hypothesis searches, and a browser."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

from tests.chromium import CHROMIUM, SWITCHES

# A busy machine is slow, not wrong. In CI the same examples come every time, so that a red run can be repeated.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("here"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")


ONE_AFTER_THE_OTHER = {"journeys", "chaos"}


def pytest_itemcollected(item: pytest.Item) -> None:
    """One worker takes all of these; what another takes beside them stands back for every other process."""
    if ONE_AFTER_THE_OTHER & set(item.path.parts):
        item.add_marker(pytest.mark.xdist_group("one after the other"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes first, then files with many tests: so workers end at about the same time (the Makefile tells
    xdist to keep this order)."""
    counts = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.get_closest_marker("long") is None, -counts[item.path]))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One per file: playwright keeps an event loop running as long as it lives."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield chromium
        chromium.close()
