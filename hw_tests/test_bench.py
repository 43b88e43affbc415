"""`make hw-test BENCH=bench.toml`: the devices on a bench, held to what every device of their kind must keep."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hw_tests import bench
from hw_tests.conformance.camera import CameraConformance, CameraRig
from hw_tests.conformance.chip_reader import ChipReaderConformance, ChipReaderRig
from hw_tests.conformance.document_reader import DocumentReaderConformance, DocumentReaderRig
from hw_tests.conformance.fingerprint import FingerprintConformance, FingerprintRig
from hw_tests.conformance.lane import LaneConformance, LaneRig
from hw_tests.conformance.printer import PrinterConformance, PrinterRig
from hw_tests.person import Person

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def person() -> Person:
    return Person()


class TestDocumentReader(DocumentReaderConformance):
    @pytest.fixture
    def rig(self, person: Person) -> Iterator[DocumentReaderRig]:
        with bench.document_reader(person) as rig:
            yield rig


class TestChipReader(ChipReaderConformance):
    @pytest.fixture
    def rig(self, person: Person) -> Iterator[ChipReaderRig]:
        with bench.chip_reader(person) as rig:
            yield rig


class TestCamera(CameraConformance):
    @pytest.fixture
    def rig(self, person: Person) -> Iterator[CameraRig]:
        with bench.camera(person) as rig:
            yield rig


class TestFingerprint(FingerprintConformance):
    @pytest.fixture
    def rig(self, person: Person) -> Iterator[FingerprintRig]:
        with bench.fingerprint(person) as rig:
            yield rig


class TestLane(LaneConformance):
    @pytest.fixture
    def rig(self, person: Person) -> Iterator[LaneRig]:
        with bench.lane(person) as rig:
            yield rig


class TestPrinter(PrinterConformance):
    @pytest.fixture
    def rig(self, person: Person) -> Iterator[PrinterRig]:
        with bench.printer(person) as rig:
            yield rig
