"""The screen and the sound, asked on the screen itself: what is touched is the test of touch."""

from __future__ import annotations

from hw_tests.prompt import Kind
from hw_tests.record import IS_YES, Answer, Expected, Limits
from hw_tests.runner import Log, Phase, Skip
from hw_tests.sound import recording, tones_db

ROWS, COLUMNS = 8, 5
CELLS = ROWS * COLUMNS
PANEL = "clean the panel and see its cable; then replace it"
TOUCH = (
    Expected("missed_cells", "", Limits(0, 0), "of 40 cells over the whole screen, those that no touch reached", PANEL),
    Expected("furthest_mm", "mm", Limits(0, 9), "furthest that a touch came down from the middle of its cell", PANEL),
)
SCREEN = (
    Expected("even", "", IS_YES, "each colour fills the screen without dots or lines, as a person sees it", PANEL),
)
VOLUME = "see the speaker's cable and the volume"
SPEAKER = (
    Expected("heard", "", IS_YES, "three tones, as a person hears them", VOLUME),
    Expected(
        "tones_dB", "dB", Limits(3), "the faintest tone above all else that the board's own microphone heard", VOLUME
    ),
)
NOT_ASKED = "not asked: nobody sat before the board's own screen"
"""Why the phases of this file are skipped, and by what a reader knows them from what is not fitted."""


def touch(log: Log) -> None:
    answer = _on_screen(log, "touch_grid", Kind.TOUCH_GRID)
    cells = {cell for cell, _ in answer.touches if 0 <= cell < CELLS}
    log.measure("missed_cells", CELLS - len(cells))
    furthest = max((off_mm for _, off_mm in answer.touches), default=None)
    log.measure_or("furthest_mm", furthest, "nothing was touched")


def screen(log: Log) -> None:
    log.measure("even", _on_screen(log, "screen_even", Kind.COLOUR).said)


def speaker(log: Log) -> None:
    with recording(log.station) as heard:
        log.measure("heard", _on_screen(log, "speaker_heard", Kind.TONES).said)
    told = None if heard is None else tones_db(heard.samples)
    log.measure_or("tones_dB", told, "no microphone is configured, or no command arecord")


def _on_screen(log: Log, question: str, kind: Kind) -> Answer:
    if not log.prompt.has_screen:
        raise Skip(NOT_ASKED)
    return log.answered(question, kind)


PHASES = (
    Phase("touch", TOUCH, touch),
    Phase("screen", SCREEN, screen),
    Phase("speaker", SPEAKER, speaker),
)
