"""A chip reader's words in the border's own: proofs, files, and what stays when a chip did not open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from appliance.checks.evidence import ChipEvidence
from appliance.journey.chip_reading import LONGEST_TEXT, evidence_of, fact_of, files_of, portrait_of
from border.documents.chip_trust import Proof
from border.documents.chip_unread import Unread
from border.messages import codec
from drivers import api
from drivers.api import Access, ChipReading, ChipTiming
from simulators.passport import lds
from simulators.passport.document import issuer, passport
from simulators.passport.pki import Place
from simulators.travellers import traveller

NOTHING = ChipReading(
    reader="chip_reader",
    atr=b"\x3b",
    access=Access.BAC,
    method="BAC",
    files={"SOD": b"\x77\x00", "COM": b"\x60\x00", "DG1": b"\x61\x00", "DG15": b"\x6f\x00", "CardAccess": b"\x31\x00"},
    unread={},
    pace_chip_authentication=api.Proof.NOT_OFFERED,
    chip_authentication=api.Proof.NOT_OFFERED,
    active_authentication=api.Proof.NOT_OFFERED,
    timing=ChipTiming(0.1, 0.1, 0.1, 5, 10),
)
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def test_files_go_by_their_groups_and_those_of_the_master_file_stay_behind() -> None:
    files = files_of(NOTHING)
    assert (sorted(files.groups), files.sod, files.com) == ([1, 15], b"\x77\x00", b"\x60\x00")


@pytest.mark.parametrize(
    ("said", "means"),
    [
        (api.Proof.NOT_OFFERED, Proof.NOT_DONE),
        (api.Proof.NOT_KNOWN, Proof.NOT_DONE),
        (api.Proof.PASSED, Proof.PASSED),
        (api.Proof.FAILED, Proof.FAILED),
    ],
)
def test_a_proof_that_was_not_offered_or_is_not_known_was_not_done(said: api.Proof, means: Proof) -> None:
    files = files_of(replace(NOTHING, active_authentication=said, chip_authentication=said))
    assert (files.active, files.chip) == (means, means)


def test_what_was_proven_by_which_way_is_told_apart() -> None:
    """Whether the key of the mapping was a state's is judged with EF.CardSecurity."""
    reading = replace(NOTHING, files={"CardAccess": b"open", "CardSecurity": b"signed"})
    files = files_of(replace(reading, pace_chip_authentication=api.Proof.PASSED))
    assert (files.mapping, files.chip) == (Proof.PASSED, Proof.NOT_DONE)
    assert (files.card_access, files.card_security) == (b"open", b"signed")
    files = files_of(replace(reading, pace_chip_authentication=api.Proof.FAILED, chip_authentication=api.Proof.PASSED))
    assert (files.mapping, files.chip) == (Proof.FAILED, Proof.PASSED)


@pytest.mark.parametrize(("access", "why"), [(Access.DENIED, Unread.DENIED), (Access.NO_PASSPORT, Unread.OTHER_KIND)])
def test_a_chip_that_did_not_open_is_only_its_reason(access: Access, why: Unread) -> None:
    found = evidence_of(replace(NOTHING, access=access, files={}), (), None, None, NOW)
    assert found is why
    assert fact_of(found) is None


def test_a_certificate_that_talks_too_much_is_cut_short_in_the_record() -> None:
    """A record that is too long could not be written down at all."""
    long = Place("\a" * 600, "UTO")
    made = passport(traveller("skipper"), NOW.date(), by=issuer(NOW.date(), place=long)).files
    files = {"SOD": made[lds.SOD], "DG1": made[lds.file_id(1)], "DG2": made[lds.file_id(2)]}
    found = evidence_of(replace(NOTHING, files=files), (), None, None, NOW)
    fact = fact_of(found)
    assert fact is not None
    assert ("signer_unknown", "?" * LONGEST_TEXT) in fact.reasons
    assert fact.signer_country == "?" * LONGEST_TEXT
    assert len(codec.encode(fact)) < 2000


@pytest.mark.parametrize("files", [{}, NOTHING.files, {"DG1": b"", "DG2": b"\x75\x05junk!", "SOD": b"\x00" * 9}])
def test_whatever_a_chip_holds_is_judged_and_nothing_raises(files: dict[str, bytes]) -> None:
    reading = replace(NOTHING, files=files)
    found = evidence_of(reading, ("A", "B"), None, None, NOW)
    assert isinstance(found, ChipEvidence)
    fact = fact_of(found)
    assert fact is not None
    assert (fact.assurance <= 1, fact.signer, fact.zone_same_shape, fact.store_version) == (True, "", False, 0)
    assert portrait_of(reading) is None
