"""The document step: a swipe or a page, read without doubt or asked for again."""

from __future__ import annotations

from appliance.devices import Nobody
from appliance.journey.capture import Capture
from appliance.journey.comparing import keep_portrait
from appliance.journey.machine import Event
from border.documents.mrz import Accepted, RescanReason, parse
from drivers.api import MrzText
from drivers.errors import WireCorrupt


async def document(capture: Capture) -> Event:
    """Wait for a document, read it, ask again when it is in doubt; never guess."""
    for left in capture.attempts(capture.policy.retries.document):
        try:
            text = await _next(capture)
        except WireCorrupt:  # the reader is well, but what it saw has no machine readable zone
            _ask_again(capture, RescanReason.NOTHING_READ)
            continue
        if text is None:
            return Event.DEVICE_FAILED
        capture.visit.lines_as_read = text.lines
        reading = parse(text.lines, dict(text.doubts))
        is_last = left == 1
        if isinstance(reading, Accepted) and (is_last or not reading.mrz.refuted()):
            _accept(capture, reading)
            await keep_portrait(capture, text.portrait, text.reader)
            return Event.CHIP_ASKED if capture.bench.devices.has_chip_reader else Event.DOCUMENT_READ
        _ask_again(capture, "check_digit_refuted" if isinstance(reading, Accepted) else str(reading.reason))
    return Event.REFER


async def _next(capture: Capture) -> MrzText | None:
    """What the next document says, however long nobody presents one; None when the reader is gone."""
    while True:
        try:
            return await capture.insist(
                "document", lambda: capture.bench.devices.read_document(3600.0), but=(WireCorrupt,)
            )
        except Nobody:
            continue
        finally:
            capture.is_active()


def _ask_again(capture: Capture, reason: str) -> None:
    capture.is_active()
    capture.visit.document_reason = f"document_{reason}"
    capture.bench.screen.show(hint="swipe_again")


def _accept(capture: Capture, reading: Accepted) -> None:
    visit, lists = capture.visit, capture.bench.lists
    visit.document, visit.lines, visit.document_reason = reading.mrz, reading.lines, ""
    visit.hits = lists.hits(reading.mrz)
    visit.list_age_hours = lists.list_age_hours()
