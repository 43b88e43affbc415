"""Every MRZ reader keeps what all document readers must, against simulators on ptys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.catalogue import DOCUMENT_READER
from hw_tests.conformance.document_reader import DocumentReaderConformance, DocumentReaderRig
from simulators.faults import Faults
from simulators.mrz_swipe import MrzSwipeSim, Profile
from simulators.wedge import WedgeSim
from tests.drivers import golden
from tests.drivers.typing_readers import wedge_on

DOCUMENTS = (golden.PASSPORT, golden.IDENTITY_CARD, golden.TD2_CARD)


@contextmanager
def simulated(path: Path, profile: Profile, *, options: str = "", **sim_options: int) -> Iterator[DocumentReaderRig]:
    faults = Faults()
    sim = MrzSwipeSim(path, profile, faults=faults, throttle=True, **sim_options)
    reader = DOCUMENT_READER[profile.value](f"{path}{options}", "reader-1")
    try:
        yield DocumentReaderRig(
            reader=reader,
            documents=DOCUMENTS,
            present=sim.present,
            unplug=sim.unplug,
            replug=sim.replug,
            mute=lambda on: setattr(faults, "mute", on),
            delay=lambda seconds: setattr(faults, "delay_s", seconds),
            wrong_status=lambda on: setattr(faults, "wrong_status", on),
        )
    finally:
        reader.close()
        sim.close()


class TestElyctisContinuous(DocumentReaderConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[DocumentReaderRig]:
        with simulated(tmp_path / "reader", Profile.ELYCTIS) as rig:
            yield rig


class TestElyctisInquiredAtTheFastSpeed(DocumentReaderConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[DocumentReaderRig]:
        path = tmp_path / "reader"
        with simulated(path, Profile.ELYCTIS, options="?mode=inquire&baud=115200", baud=115200) as rig:
            yield rig


class TestRte(DocumentReaderConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[DocumentReaderRig]:
        with simulated(tmp_path / "reader", Profile.RTE, options="?gap_ms=150") as rig:
            yield rig


class TestPlainLines(DocumentReaderConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[DocumentReaderRig]:
        with simulated(tmp_path / "reader", Profile.LINE, options="?gap_ms=150") as rig:
            yield rig


@contextmanager
def typed(path: Path, layout: str, *, alt_codes: bool = False) -> Iterator[DocumentReaderRig]:
    sim = WedgeSim(path, layout=layout)
    sim.typist.alt_codes = alt_codes
    reader = wedge_on(path, layout)
    try:
        yield DocumentReaderRig(
            reader=reader,
            documents=DOCUMENTS,
            present=sim.present,
            unplug=sim.unplug,
            replug=sim.replug,
            mute=lambda on: setattr(sim.faults, "mute", on),
            delay=lambda seconds: setattr(sim.faults, "delay_s", seconds),
            wrong_status=lambda on: setattr(sim.faults, "wrong_status", on),
        )
    finally:
        reader.close()
        sim.close()


class TestTypedOnAnAmericanKeyboard(DocumentReaderConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[DocumentReaderRig]:
        with typed(tmp_path / "reader", "us") as rig:
            yield rig


class TestTypedOnAFrenchKeyboardWithAltCodes(DocumentReaderConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[DocumentReaderRig]:
        with typed(tmp_path / "reader", "fr", alt_codes=True) as rig:
            yield rig
