"""What every document reader must keep, on a simulator and on the bench."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from drivers.api import DocumentReader
from drivers.deadline import Deadline
from drivers.errors import Cancelled, DeviceError, DeviceGone, DeviceTimeout, WireCorrupt
from hw_tests.conformance.rig import needs, soon, within

Lines = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentReaderRig:
    """One reader and the hands around it. A knob that is None cannot be turned here: its tests are skipped."""

    reader: DocumentReader
    documents: tuple[Lines, ...]  # at least two; what the reader should make of each
    present: Callable[[Lines], None]
    unplug: Callable[[], None]
    replug: Callable[[], None]
    mute: Callable[[bool], None] | None = None
    delay: Callable[[float], None] | None = None
    wrong_status: Callable[[bool], None] | None = None


class DocumentReaderConformance:
    """Subclass it as `Test...` and give it a fixture `rig`."""

    def test_reads_every_document_as_it_is(self, rig: DocumentReaderRig) -> None:
        for document in rig.documents:
            with soon(lambda lines=document: rig.present(lines)):  # type: ignore[misc]
                text = rig.reader.read(Deadline(10))
            assert text.lines == document
            assert text.reader == rig.reader.device

    def test_no_document_is_a_timeout_and_in_time(self, rig: DocumentReaderRig) -> None:
        with within(0.5), pytest.raises(DeviceTimeout):
            rig.reader.read(Deadline(0.5))

    def test_a_deadline_already_over_is_a_timeout(self, rig: DocumentReaderRig) -> None:
        with within(0), pytest.raises(DeviceTimeout):
            rig.reader.read(Deadline(0))

    def test_a_caller_who_leaves_is_let_go_at_once(self, rig: DocumentReaderRig) -> None:
        deadline = Deadline(60)
        with within(0.5), soon(deadline.cancel), pytest.raises(Cancelled):
            rig.reader.read(deadline)

    def test_the_next_call_after_a_cancelled_one_works(self, rig: DocumentReaderRig) -> None:
        deadline = Deadline(60)
        with soon(deadline.cancel), pytest.raises(Cancelled):
            rig.reader.read(deadline)
        with soon(lambda: rig.present(rig.documents[0])):
            assert rig.reader.read(Deadline(10)).lines == rig.documents[0]

    def test_a_document_swiped_before_the_call_is_not_this_travellers(self, rig: DocumentReaderRig) -> None:
        first, second = rig.documents[:2]
        with soon(lambda: rig.present(first)):
            rig.reader.read(Deadline(10))
        rig.present(first)
        time.sleep(0.4)  # told to the end, at the slowest of speeds
        with soon(lambda: rig.present(second), after_s=1.0):
            assert rig.reader.read(Deadline(10)).lines == second

    def test_unplugged_is_gone_and_replugged_reads_again(self, rig: DocumentReaderRig) -> None:
        with soon(lambda: rig.present(rig.documents[0])):
            rig.reader.read(Deadline(10))
        with within(1), soon(rig.unplug), pytest.raises(DeviceGone):
            rig.reader.read(Deadline(30))
        with within(0.5), pytest.raises(DeviceGone):
            rig.reader.read(Deadline(30))
        rig.replug()
        with soon(lambda: rig.present(rig.documents[1]), after_s=1.0):
            assert rig.reader.read(Deadline(10)).lines == rig.documents[1]

    def test_close_is_safe_twice_and_a_later_call_opens_again(self, rig: DocumentReaderRig) -> None:
        rig.reader.close()
        rig.reader.close()
        with soon(lambda: rig.present(rig.documents[0])):
            assert rig.reader.read(Deadline(10)).lines == rig.documents[0]
        rig.reader.close()
        rig.reader.close()

    def test_a_mute_reader_is_a_timeout(self, rig: DocumentReaderRig) -> None:
        mute = needs(rig.mute, "silence the reader")
        mute(True)
        with within(1), soon(lambda: rig.present(rig.documents[0])), pytest.raises(DeviceTimeout):
            rig.reader.read(Deadline(1))
        mute(False)
        with soon(lambda: rig.present(rig.documents[1])):
            assert rig.reader.read(Deadline(10)).lines == rig.documents[1]

    def test_what_comes_too_late_does_not_answer_the_next_call(self, rig: DocumentReaderRig) -> None:
        delay = needs(rig.delay, "delay the reader")
        first, second = rig.documents[:2]
        with soon(lambda: rig.present(first)):  # opened, so that the late document has where to go
            rig.reader.read(Deadline(10))
        delay(1.0)
        with soon(lambda: rig.present(first)), pytest.raises(DeviceTimeout):
            rig.reader.read(Deadline(0.8))
        delay(0.0)
        time.sleep(1.5)
        with soon(lambda: rig.present(second), after_s=0.8):
            assert rig.reader.read(Deadline(10)).lines == second

    def test_a_wrong_answer_is_never_a_document(self, rig: DocumentReaderRig) -> None:
        wrong = needs(rig.wrong_status, "make the reader answer wrongly")
        wrong(True)
        with soon(lambda: rig.present(rig.documents[0])), pytest.raises((WireCorrupt, DeviceTimeout)):
            rig.reader.read(Deadline(1.5))
        wrong(False)
        with soon(lambda: rig.present(rig.documents[1]), after_s=1.0):
            assert rig.reader.read(Deadline(10)).lines == rig.documents[1]

    def test_errors_name_the_device_and_no_traveller(self, rig: DocumentReaderRig) -> None:
        with pytest.raises(DeviceError) as caught:
            rig.reader.read(Deadline(0))
        assert caught.value.device == rig.reader.device
        assert not any(line[:10] in str(caught.value) for document in rig.documents for line in document)
