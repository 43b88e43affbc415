"""Passive authentication told apart from what the chip itself proved: each has its own outcome for the officer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from border.documents.chip_trust import CAPS, OF_THE_CHIP, REMARKS, Assurance, ChipTrust, Proof, Reason, SignerFacts

DAY = datetime(2026, 11, 25, tzinfo=UTC)
SIGNER = SignerFacts("UT", 1, "00" * 32, DAY, DAY, DAY, "11" * 32)


def trust(*words: str, signer: SignerFacts | None = SIGNER) -> ChipTrust:
    return ChipTrust(Assurance.NONE, tuple(map(Reason, words)), frozenset(), signer)


@pytest.mark.parametrize("word", sorted({*OF_THE_CHIP, *REMARKS}))
def test_what_speaks_of_the_chip_or_is_a_remark_leaves_it_passed(word: str) -> None:
    assert trust(word).passive is Proof.PASSED


@pytest.mark.parametrize("word", sorted(CAPS.keys() - OF_THE_CHIP))
def test_a_fault_of_the_files_fails_it_or_leaves_it_undone(word: str) -> None:
    expected = {Assurance.NONE: Proof.FAILED, Assurance.READ: Proof.NOT_DONE}
    assert trust(word).passive is expected.get(CAPS[word], Proof.PASSED)


def test_without_a_signer_it_was_not_done() -> None:
    assert trust(signer=None).passive is Proof.NOT_DONE
    assert trust().passive is Proof.PASSED
