"""The trust store as a signed file: whole and believed, or not taken at all, with every wrong piece named."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from border.messages import codec, cose
from border.messages.errors import MessageError
from border.messages.trust import TRUST_TYPE, TrustFile, load_trust, sign_trust
from border.rules.codec import sign_policy
from border.rules.default import DEVELOPMENT
from simulators.passport.pki import (
    DEVIATION_LIST_SIGNING,
    MASTER_LIST_SIGNING,
    Deviation,
    Place,
    Signer,
    crl,
    csca,
    deviation_list,
    master_list,
    signer,
)
from tests.border.documents.chips import NOW, years
from tests.border.messages.keys import CENTRE, CENTRE_KEY, KIOSK

NOW_MS = round(NOW.timestamp() * 1000)
HOME = csca(years(1, 10))
NEIGHBOUR = csca(years(1, 10), place=Place("LC", "LCA"))
LISTER = signer(HOME, years(1, 1), common="ML", serial=21, purpose=MASTER_LIST_SIGNING)
DEVIATER = signer(HOME, years(1, 1), common="DL", serial=22, purpose=DEVIATION_LIST_SIGNING)
MASTER = master_list([HOME.certificate, NEIGHBOUR.certificate], LISTER, HOME, NOW)
DEVIATIONS = deviation_list([Deviation("2.3", numbers=("U1",))], DEVIATER, HOME, NOW)
FILE = TrustFile(
    version=3,
    issued_at_ms=NOW_MS,
    authorities=(HOME.certificate,),
    links=(),
    signers=(),
    crls=(crl(HOME, (), NOW),),
    master_lists=(MASTER,),
    publishers=("UT",),
    deviation_lists=(DEVIATIONS,),
)


def document_signer(authority: Signer, place: Place = Place()) -> Signer:  # noqa: B008 (frozen)
    return signer(authority, years(1, 5), place=place)


def unchecked(file: TrustFile) -> bytes:
    """As headquarters would never sign it."""
    return cose.sign1(codec.encode(file), CENTRE, TRUST_TYPE)


def test_what_is_signed_is_opened_with_all_that_its_lists_bring() -> None:
    trust = load_trust(sign_trust(FILE, CENTRE), CENTRE_KEY.public_key())
    assert (trust.version, trust.issued_at_ms) == (3, NOW_MS)
    assert [one.country for one in trust.store.authorities] == ["UT", "LC"]
    assert (len(trust.store.crls), len(trust.store.deviations)) == (1, 1)


@pytest.mark.parametrize(
    ("change", "where", "reason"),
    [
        ({"authorities": (HOME.certificate, HOME.certificate[:-1])}, "authorities[1]", "truncated"),
        ({"crls": (HOME.certificate,)}, "crls[0]", "bad_"),
        ({"publishers": ("FR",)}, "master_lists[0]", "list_signer_unfit"),
        ({"authorities": ()}, "master_lists[0]", "list_signer_unknown"),
        ({"master_lists": (DEVIATIONS,)}, "master_lists[0]", "wrong_content"),
        ({"deviation_lists": (MASTER[:-40],)}, "deviation_lists[0]", "truncated"),
        ({"version": 0}, "version", "bad_value"),
        ({"issued_at_ms": 2**62}, "issued_at_ms", "bad_value"),
        ({"issued_at_ms": round((NOW + timedelta(days=3000)).timestamp() * 1000)}, "master_lists[0]", "expired"),
    ],
)
def test_one_wrong_piece_and_nothing_is_signed_or_taken(change: dict[str, object], where: str, reason: str) -> None:
    wrong = replace(FILE, **change)  # type: ignore[arg-type]
    with pytest.raises(MessageError) as caught:
        sign_trust(wrong, CENTRE)
    with pytest.raises(MessageError) as taken:
        load_trust(unchecked(wrong), CENTRE_KEY.public_key())
    assert caught.value.reason == taken.value.reason == "bad_value"
    assert caught.value.mistakes == taken.value.mistakes
    assert caught.value.mistakes[0].where == where
    assert reason in caught.value.mistakes[0].reason


def test_another_signature_and_another_kind_of_message_are_refused() -> None:
    for signed, reason in (
        (sign_trust(FILE, KIOSK), "bad_signature"),
        (sign_policy(DEVELOPMENT, CENTRE), "wrong_content_type"),
    ):
        with pytest.raises(MessageError) as caught:
            load_trust(signed, CENTRE_KEY.public_key())
        assert caught.value.reason == reason


def test_lists_are_judged_at_the_time_of_issue_not_of_reading() -> None:
    """A kiosk whose clock stands in another year reads the same store."""
    past: datetime = NOW - timedelta(days=200)
    file = replace(FILE, issued_at_ms=round(past.timestamp() * 1000))
    assert len(load_trust(sign_trust(file, CENTRE), CENTRE_KEY.public_key()).store.authorities) == 2
