"""The document reader: whether it answers, and whether it reads the specimen as it is printed, three times."""

from __future__ import annotations

import time

from drivers.catalogue import DOCUMENT_READER
from drivers.errors import WireCorrupt
from hw_tests.devices import fitted, opened, silence
from hw_tests.record import IS_YES, TOLD, Expected, Limits
from hw_tests.runner import Log, Phase, Skip

LISTEN_S = 5.0
READINGS = 3
CABLE = "see cable and plug of the reader"
WINDOW = "clean slot and window of the reader; try another specimen; then replace the reader"
ANSWERS = (Expected("answers", "", IS_YES, "the line opens, and a reader that can be asked answers", CABLE),)
SPECIMEN = (
    Expected(
        "right_readings", "", Limits(READINGS, READINGS), "of three passes, how many gave the lines as printed", WINDOW
    ),
    Expected("unread_characters", "", Limits(0, 0), "characters that it could not make out, in all", WINDOW),
    Expected("broken_readings", "", Limits(0, 0), "passes that came broken over the cable", CABLE),
    Expected("slowest_s", "s", TOLD, "longest wait for a pass, the hand's own time with it"),
)


def answers(log: Log) -> None:
    with opened(log, "document_reader", DOCUMENT_READER) as reader:
        silence(reader.read, log.left.within(LISTEN_S))
    log.measure("answers", True)


def specimen(log: Log) -> None:
    wanted = tuple(fitted(log, "document_reader").more.get("specimen", ()))
    if not wanted:
        raise Skip("no specimen is named for the document reader")
    right = unread = broken = 0
    slowest_s = 0.0
    with opened(log, "document_reader", DOCUMENT_READER) as reader:
        for number in range(1, READINGS + 1):
            begun_s = time.monotonic()
            try:
                lines = reader.read(log.tell("document_specimen", number=str(number), of=str(READINGS))).lines
            except WireCorrupt:
                broken += 1
                continue
            slowest_s = max(slowest_s, time.monotonic() - begun_s)
            right += lines == wanted
            unread += sum(line.count("?") for line in lines)
    for name, value in zip(
        ("right_readings", "unread_characters", "broken_readings"), (right, unread, broken), strict=True
    ):
        log.measure(name, value)
    log.measure("slowest_s", slowest_s)


PHASES = (
    Phase("document_reader", ANSWERS, answers, is_quick=True),
    Phase("document_specimen", SPECIMEN, specimen),
)
