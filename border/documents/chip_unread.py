"""Why a document's chip gave nothing that could be judged; the words are those of the finding."""

from __future__ import annotations

from enum import StrEnum


class Unread(StrEnum):
    """Each is a reason to refer unless signed policy tolerates it."""

    NOT_ASKED = "chip_not_asked"  # this kiosk has no reader for chips
    NOT_PRESENTED = "chip_not_presented"  # the traveller could not, or left the step before it was read
    ABSENT = "chip_absent"  # nothing that answers like a chip lay on the reader
    OTHER_KIND = "chip_of_other_kind"  # a chip, but none with a passport on it
    REMOVED = "chip_removed"  # taken away, each time
    BROKEN_OFF = "chip_broken_off"  # the exchange broke, each time
    TOO_SLOW = "chip_too_slow"  # it answered, and did not come to an end in policy's time
    READER_FAILED = "chip_reader_failed"
    DENIED = "chip_denied"  # the printed zone does not open it: misread, altered, or another document's chip


NEVER_TOLERATED = frozenset({Unread.DENIED})
"""A zone that does not open its own chip contradicts it."""
