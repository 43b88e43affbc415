"""The chip reader: whether it is there, and whether it opens the specimen's chip, reads all of it, and how fast."""

from __future__ import annotations

from drivers.api import Access, ChipKeys, ChipReading, Private, Proof
from drivers.catalogue import CHIP_READER
from hw_tests.devices import ANSWER_S, fitted, opened
from hw_tests.record import IS_YES, TOLD, Expected, Limits
from hw_tests.runner import Log, Phase, Skip

OPENED = (Access.PACE_MRZ, Access.PACE_CAN, Access.BAC)
WANTED = {"COM", "SOD", "DG1", "DG2"}
PLACE = "lay the specimen flat over the mark; try the other specimen; then replace the reader"
ANSWERS = (Expected("answers", "", IS_YES, "the reader is there", "see cable and plug of the chip reader"),)
SPECIMEN = (
    Expected(
        "access",
        "",
        Limits(one_of=tuple(str(each) for each in OPENED)),
        "how the chip was opened",
        "this is another document than the one named, or not a passport's chip",
    ),
    Expected("whole", "", IS_YES, "COM, SOD, DG1 and DG2 were read", PLACE),
    Expected(
        "same_document",
        "",
        IS_YES,
        "the chip carries the number that opened it",
        "this is another document than the one named",
    ),
    Expected("genuine", "", IS_YES, "no proof that the chip offers failed", "this specimen is a copy: take another"),
    Expected("read_s", "s", Limits(0, 15), "from the chip's answer to the last proof", PLACE),
    Expected("rate_kBps", "kB/s", TOLD, "bytes of its files in that time"),
)


def answers(log: Log) -> None:
    with opened(log, "chip_reader", CHIP_READER) as reader:
        reader.lies_there(log.left.within(ANSWER_S))
    log.measure("answers", True)


def specimen(log: Log) -> None:
    mrz = str(fitted(log, "chip_reader").more.get("mrz", ""))
    if not mrz:
        raise Skip("no specimen is named for the chip reader")
    with opened(log, "chip_reader", CHIP_READER) as reader:
        reading = reader.read(ChipKeys(mrz=Private(mrz)), log.tell("chip_specimen"), lambda _share: None)
    log.measure("access", str(reading.access))
    if reading.access not in OPENED:
        for each in SPECIMEN[1:]:
            log.absent(each.name, "the chip was not opened")
        return
    _read(log, reading, mrz)


def _read(log: Log, reading: ChipReading, mrz: str) -> None:
    log.measure("whole", reading.files.keys() >= WANTED)
    log.measure("same_document", mrz[:9].encode() in reading.files.get("DG1", b""))
    proofs = (reading.active_authentication, reading.chip_authentication, reading.pace_chip_authentication)
    log.measure("genuine", Proof.FAILED not in proofs)
    timing = reading.timing
    took_s = timing.access_s + timing.files_s + timing.proofs_s
    log.measure("read_s", took_s)
    log.measure("rate_kBps", timing.file_bytes / 1000 / max(took_s, 1e-3))


PHASES = (
    Phase("chip_reader", ANSWERS, answers, is_quick=True),
    Phase("chip_specimen", SPECIMEN, specimen),
)
