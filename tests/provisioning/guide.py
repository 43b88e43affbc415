"""The technician's guide, followed literally: what the screen must say, and what a finger does then."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from appliance.web.catalogue import load as load_words
from appliance.web.passkeys import Registration
from practice.processes import free_port
from tests.docs.pages import DOCS, sections
from tests.provisioning.world import OFFICER, Board
from tests.web.security_key import SecurityKey
from tests.web.serving import serving

PATIENCE_MS = 40_000
ACTS = r"Type `([^`]+)`|(?:[Tt]ouch|then)[^*`.]*\*\*([^*]+)\*\*|(five times|square by square)"


def rows(heading: str) -> list[tuple[list[str], str]]:
    """What the screen says, and what is done, of each row under this heading."""
    return [(re.findall(r"\*([^*]+)\*", says), do) for says, do in sections(DOCS / "technician.md")[heading]]


def asks(page: Page, words: str) -> None:
    expect(page.locator("main :is(h1, h2)").first).to_contain_text(words, timeout=PATIENCE_MS)


def register(page: Page, board: Board) -> SecurityKey:
    """The officer's key, at his office: in the roster that lies on the stick."""
    board.officers()
    key, port = SecurityKey(page), free_port()
    with serving(Registration(board.stick, OFFICER, port, load_words()).app(), port):
        page.goto(f"http://localhost:{port}")
        follow(page, "Touch **Register my key**")
        expect(page.get_by_role("status")).to_contain_text("Registered as")
    return key


def follow(page: Page, do: str) -> None:
    """All that the reader is told to do, and nothing else."""
    for typed, touched, more in re.findall(ACTS, do):
        for key in typed:
            page.click(f"#keys button[data-key='{key}']")  # the screen's own keys
        if touched:
            page.click(f"main :is(button, a):text-is('{touched}')")
        if more == "five times":
            for _ in range(5):
                page.click(".colour")
        if more == "square by square":
            for cell in page.locator(".cell").all():
                cell.click()
