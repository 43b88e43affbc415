"""Passive authentication: every algorithm accepted, every harm found out, each with its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from border.documents.certificates import read_certificate
from border.documents.chip_trust import CAPS, Assurance, ChipFiles, ChipTrust, Proof, Reason, judge
from border.documents.trust_store import TrustStore, with_deviation_list
from simulators.passport import der, lds
from simulators.passport.document import Issuer, Make, passport
from simulators.passport.keys import Scheme
from simulators.passport.pki import (
    DEVIATION_LIST_SIGNING,
    LDS_SECURITY_OBJECT,
    Deviation,
    Place,
    Signer,
    deviation_list,
    link,
    signed_data,
)
from simulators.travellers import traveller
from tests.border.documents.chips import (
    NOW,
    TODAY,
    WHO,
    as_read,
    csca,
    files_of,
    resigned,
    signer,
    store_of,
    utopia,
    years,
)
from tests.border.documents.openssl import SCHEMES

EVERY_SCHEME = pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)


def words(trust: ChipTrust) -> list[str]:
    return [reason.word for reason in trust.reasons]


def faults(trust: ChipTrust) -> list[tuple[str, str]]:
    return [(reason.word, reason.about) for reason in trust.faults]


def judged(files: ChipFiles, store: TrustStore | None = None) -> ChipTrust:
    return judge(files, store_of(utopia().authority) if store is None else store, NOW)


@EVERY_SCHEME
def test_a_whole_chip_is_signed(scheme: Scheme) -> None:
    by = utopia(scheme)
    digest = scheme.digest
    trust = judge(files_of(by, Make(sealing=lds.Sealing(digest))), store_of(by.authority), NOW)
    assert trust.assurance is Assurance.SIGNED
    assert trust.groups_proven == {1, 2, 11, 12, 14, 15}
    weak = "algorithm_weak" if digest == "sha1" else None
    assert set(words(trust)) == ({weak} if weak else set())


@pytest.mark.parametrize("group", [1, 2, 11, 12, 14, 15])
def test_a_changed_group_is_named(group: int) -> None:
    files = files_of(utopia())
    data = bytearray(files.groups[group])
    data[-1] ^= 1
    trust = judged(replace(files, groups={**files.groups, group: bytes(data)}))
    assert trust.assurance is Assurance.NONE
    assert ("dg_hash_mismatch", f"DG{group}") in faults(trust)
    assert group not in trust.groups_proven


def test_a_group_beside_the_signed_ones_is_named() -> None:
    files = files_of(utopia())
    trust = judged(replace(files, groups={**files.groups, 13: der.tlv(0x6D, b"x")}))
    assert faults(trust) == [("dg_not_signed", "DG13")]
    assert trust.assurance is Assurance.READ


@pytest.mark.parametrize("group", [1, 2])
def test_a_group_that_was_not_read_proves_nothing(group: int) -> None:
    files = files_of(utopia())
    trust = judged(replace(files, groups={n: data for n, data in files.groups.items() if n != group}))
    assert faults(trust) == [("dg_missing", f"DG{group}")]
    assert trust.assurance is Assurance.READ


def test_nothing_read_is_no_assurance() -> None:
    trust = judged(ChipFiles({}))
    assert (trust.assurance, words(trust)) == (Assurance.NONE, ["chip_not_read"])


def test_without_a_sod_nothing_is_proven() -> None:
    trust = judged(replace(files_of(utopia()), sod=b""))
    assert (trust.assurance, words(trust)) == (Assurance.READ, ["sod_absent"])


def test_every_cut_of_a_sod_is_a_reason_and_never_an_exception() -> None:
    files = files_of(utopia())
    for size in range(1, len(files.sod), 7):
        assert [word for word, _ in faults(judged(replace(files, sod=files.sod[:size])))] == ["sod_malformed"]


def test_an_unknown_authority_is_unknown() -> None:
    stranger = csca(years(1, 14), common="CSCA of nobody")
    trust = judged(files_of(utopia()), store_of(stranger))
    assert faults(trust) == [("signer_unknown", "UT")]
    assert trust.assurance is Assurance.READ
    assert trust.signer is not None and trust.signer.authority_sha256 == ""


def test_an_authority_of_the_same_name_with_another_key_is_not_it() -> None:
    impostor = csca(years(1, 14), name_of_key="forged")
    trust = judged(files_of(utopia()), store_of(impostor))
    assert faults(trust) == [("signer_unknown", "UT")]


def test_a_signature_by_another_key_is_wrong() -> None:
    """The proper signer's certificate over somebody else's signature."""
    files, true = files_of(utopia()), utopia().signer
    forger = signer(csca(years(1, 14), name_of_key="forged"), years(1, 10), serial=8)
    forged = replace(forger, certificate=true.certificate, issuer=true.issuer, serial=true.serial)
    trust = judged(resigned(files, forged))
    assert faults(trust) == [("signature_wrong", "EF.SOD")]
    assert trust.assurance is Assurance.NONE


def test_an_expired_signer_is_named() -> None:
    old = signer(utopia().authority, years(0.9, -0.1), serial=9)
    trust = judged(resigned(files_of(utopia()), old, NOW - timedelta(days=100)))
    assert faults(trust) == [("signer_expired", "")]
    assert trust.assurance is Assurance.READ


def test_a_signer_of_tomorrow_is_named() -> None:
    early = signer(utopia().authority, years(-0.1, 1), serial=10)
    trust = judged(resigned(files_of(utopia()), early, None))
    assert faults(trust) == [("signer_not_yet_valid", "")]


def test_a_signature_from_before_the_signer_was_valid_is_named() -> None:
    trust = judged(resigned(files_of(utopia()), utopia().signer, NOW - timedelta(days=400)))
    assert faults(trust) == [("signed_outside_validity", "")]


def test_an_expired_authority_is_named() -> None:
    old = csca(years(15, -0.1), common="CSCA old")
    by = Issuer(old, signer(old, years(9, 1), serial=11))
    trust = judged(files_of(by), store_of(old))
    assert faults(trust) == [("authority_expired", "")]


def test_a_revoked_signer_is_named() -> None:
    by = utopia()
    trust = judged(files_of(by), store_of(by.authority, revoked=(3, by.signer.serial)))
    assert faults(trust) == [("signer_revoked", "")]
    assert trust.assurance is Assurance.NONE


def test_a_revocation_list_that_a_stranger_signed_counts_for_nothing() -> None:
    by = utopia()
    impostor = csca(years(1, 14), name_of_key="forged")
    lists = store_of(impostor, revoked=(by.signer.serial,)).crls
    trust = judged(files_of(by), replace(store_of(by.authority, revoked=None), crls=lists))
    assert words(trust) == ["crl_absent"]
    assert trust.assurance is Assurance.SIGNED


def test_an_old_revocation_list_is_remarked_and_still_revokes() -> None:
    by = utopia()
    later = NOW + timedelta(days=91)
    assert words(judge(files_of(by), store_of(by.authority), later)) == ["crl_stale"]
    revoking = store_of(by.authority, revoked=(by.signer.serial,))
    assert words(judge(files_of(by), revoking, later)) == ["signer_revoked", "crl_stale"]


def test_the_new_key_is_believed_through_the_link() -> None:
    old, new = csca(years(6, 9)), csca(years(1, 14), name_of_key="second")
    by = Issuer(new, signer(new, years(1, 10), serial=12))
    linked = replace(store_of(old, revoked=None), links=(read_certificate(link(old, new, years(1, 9))),))
    assert faults(judged(files_of(by), store_of(old))) == [("signer_unknown", "UT")]
    assert judged(files_of(by), linked).assurance is Assurance.SIGNED


def test_a_link_that_a_stranger_signed_leads_nowhere() -> None:
    old, new = csca(years(6, 9)), csca(years(1, 14), name_of_key="second")
    impostor = csca(years(6, 9), name_of_key="forged")
    by = Issuer(new, signer(new, years(1, 10), serial=12))
    linked = replace(store_of(old), links=(read_certificate(link(impostor, new, years(1, 9))),))
    assert faults(judged(files_of(by), linked)) == [("signer_unknown", "UT")]


def test_two_keys_under_one_name_at_one_time_are_both_found() -> None:
    first, second = csca(years(3, 12)), csca(years(1, 14), name_of_key="second")
    store = store_of(first, second)
    for number, authority in enumerate((first, second), start=20):
        by = Issuer(authority, signer(authority, years(1, 10), serial=number))
        assert judged(files_of(by), store).assurance is Assurance.SIGNED


def test_a_signer_named_by_its_key_is_found() -> None:
    trust = judged(files_of(utopia(), Make(sealing=lds.Sealing(by_key_id=True, version=1))))
    assert trust.assurance is Assurance.SIGNED


def test_a_signer_that_is_not_inside_comes_from_the_store() -> None:
    by = utopia()
    files = files_of(by, Make(sealing=lds.Sealing(embed=False)))
    assert faults(judged(files)) == [("signer_absent", "")]
    knowing = replace(store_of(by.authority), signers=(read_certificate(by.signer.certificate),))
    assert judged(files, knowing).assurance is Assurance.SIGNED


def test_a_signer_of_another_state_is_named() -> None:
    place = Place("LC", "LCA")
    authority = csca(years(1, 14), place=place)
    by = Issuer(authority, signer(authority, years(1, 10), place=place))
    trust = judged(files_of(by), store_of(authority))
    assert faults(trust) == [("issuing_state_differs", "LC")]


def test_a_signer_that_borrows_another_states_name_is_named() -> None:
    """Saint Lucia's authority signs a certificate that says Utopia: its own names give it away."""
    authority = csca(years(1, 14), place=Place("LC", "LCA"))
    by = Issuer(authority, signer(authority, years(1, 10)))
    assert ("issuing_state_differs", "UT") in faults(judged(files_of(by), store_of(authority)))


def test_a_key_for_lists_signs_no_documents() -> None:
    by = utopia()
    lists = signer(by.authority, years(1, 10), serial=13, purpose=DEVIATION_LIST_SIGNING)
    assert faults(judged(resigned(files_of(by), lists))) == [("signer_unfit", "")]


def test_an_authority_signs_no_documents_itself() -> None:
    by = utopia()
    trust = judged(resigned(files_of(by), by.authority))
    assert "signer_unfit" in words(trust)
    assert trust.assurance <= Assurance.READ


def test_a_signer_for_other_kinds_of_document_is_named() -> None:
    by = utopia()
    cards = signer(by.authority, years(1, 10), serial=14, types=("I",))
    assert faults(judged(resigned(files_of(by), cards))) == [("document_type_not_covered", "")]
    passports = signer(by.authority, years(1, 10), serial=15, types=("I", "P"))
    assert faults(judged(resigned(files_of(by), passports))) == []


def test_ef_com_may_lie_without_harm_but_not_unseen() -> None:
    files = files_of(utopia())
    trust = judged(replace(files, com=lds.com((1, 2))))
    assert (trust.assurance, words(trust)) == (Assurance.SIGNED, ["com_inconsistent"])


@pytest.mark.parametrize(("number", "proof"), [(15, "active"), (14, "chip")])
def test_a_chip_that_proves_its_key_is_genuine(number: int, proof: str) -> None:
    files = files_of(utopia())
    assert judged(_proven(files, proof, Proof.PASSED)).assurance is Assurance.GENUINE
    cloned = judged(_proven(files, proof, Proof.FAILED))
    assert faults(cloned) == [("clone_suspected", f"DG{number}")]
    assert cloned.assurance is Assurance.NONE


def _proven(files: ChipFiles, which: str, proof: Proof) -> ChipFiles:
    return replace(files, active=proof) if which == "active" else replace(files, chip=proof)


def test_a_key_that_nobody_signed_proves_nothing() -> None:
    """A clone brings a DG15 of its own: it passes Active Authentication with it, and is found out."""
    files = files_of(utopia())
    other = Make(active=Scheme("secp384r1"))
    swapped = replace(files, groups={**files.groups, 15: files_of(utopia(), other).groups[15]}, active=Proof.PASSED)
    trust = judged(swapped)
    assert ("dg_hash_mismatch", "DG15") in faults(trust)
    assert trust.assurance is Assurance.NONE
    unread = replace(files, groups={n: d for n, d in files.groups.items() if n != 15}, active=Proof.PASSED)
    assert faults(judged(unread)) == [("chip_key_not_signed", "DG15")]
    assert judged(unread).assurance is Assurance.SIGNED


GM, CAM = (der.seq(der.oid(f"0.4.0.127.0.7.2.2.4.{arc}"), der.integer(2), der.integer(13)) for arc in ("2.2", "6.4"))
MAPPED = Make(pace=(GM, CAM), mapping="brainpoolP256r1", agreement=None, active=None)


def _mapped(how: Make = MAPPED, **changed: object) -> ChipFiles:
    """A chip that was opened by PACE-CAM and proves itself by nothing else."""
    made = passport(traveller(WHO), TODAY, how, utopia())
    brought = replace(
        as_read(made.files),
        card_access=made.files.get(lds.CARD_ACCESS, b""),
        card_security=made.card_security,
        mapping=Proof.PASSED,
    )
    return replace(brought, **changed)  # type: ignore[arg-type]


def test_a_chip_that_proves_the_key_of_its_card_security_is_genuine() -> None:
    trust = judged(_mapped())
    assert (trust.assurance, trust.reasons) == (Assurance.GENUINE, ())
    cloned = judged(_mapped(mapping=Proof.FAILED))
    assert (cloned.assurance, faults(cloned)) == (Assurance.NONE, [("clone_suspected", "EF.CardSecurity")])


def _security(by: Signer, at: datetime = NOW) -> bytes:
    return lds.card_security((GM, CAM), by, at)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", ""),
        (b"\x30\x05", "truncated"),
        (signed_data(LDS_SECURITY_OBJECT, der.set_of(GM, CAM), utopia().signer), "wrong_content"),
        (_security(signer(csca(years(1, 14), name_of_key="forged"), years(1, 10), serial=50)), "signer_unknown"),
        (
            _security(signer(utopia().authority, years(0.9, -0.1), serial=51), NOW - timedelta(days=60)),
            "signer_expired",
        ),
        (_security(signer(utopia().authority, years(1, 9), serial=52, purpose=DEVIATION_LIST_SIGNING)), "signer_unfit"),
        (_security(signer(utopia().authority, years(1, 9), Scheme(), Place("LC", "LCA"))), "issuing_state_differs"),
    ],
    ids=["absent", "malformed", "another kind", "unknown", "expired", "unfit", "of another state"],
)
def test_a_card_security_that_is_no_states_word_proves_no_chip(data: bytes, why: str) -> None:
    """The document's own files are none the worse for it."""
    trust = judged(_mapped(card_security=data))
    assert faults(trust) == [("chip_key_not_signed", f"EF.CardSecurity {why}".rstrip())]
    assert trust.assurance is Assurance.SIGNED


def test_a_card_security_without_its_signer_takes_him_from_the_store() -> None:
    content = signed_data(lds.CARD_SECURITY_OBJECT, der.set_of(GM, CAM), utopia().signer, ())
    files = _mapped(card_security=content)
    assert faults(judged(files)) == [("chip_key_not_signed", "EF.CardSecurity signer_absent")]
    knowing = replace(store_of(utopia().authority), signers=(read_certificate(utopia().signer.certificate),))
    assert judged(files, knowing).assurance is Assurance.GENUINE


def test_a_card_security_that_was_changed_contradicts_itself() -> None:
    data = _mapped().card_security or b""
    at = data.index(CAM) + len(CAM) - 1
    trust = judged(_mapped(card_security=data[:at] + b"\x0c" + data[at + 1 :]))
    assert ("signature_wrong", "EF.CardSecurity") in faults(trust)
    assert trust.assurance is Assurance.NONE


@pytest.mark.parametrize(
    ("offered", "about"),
    [
        (der.set_of(GM), ["hidden 0.4.0.127.0.7.2.2.4.6.4"]),
        (der.set_of(GM, CAM, GM[:-1] + b"\x08"), ["added 0.4.0.127.0.7.2.2.4.2.2"]),
        (b"", ["hidden 0.4.0.127.0.7.2.2.4.2.2", "hidden 0.4.0.127.0.7.2.2.4.6.4"]),
        (b"\x31\x05\x30", ["truncated"]),
        (der.set_of(*(der.seq(der.oid("1.2.3"), der.integer(n)) for n in range(65))), ["too_many"]),
    ],
    ids=["less", "another curve", "nothing", "malformed", "too much"],
)
def test_what_lies_open_must_be_what_is_signed(offered: bytes, about: list[str]) -> None:
    trust = judged(_mapped(card_access=offered))
    assert faults(trust) == [("card_access_differs", each) for each in about]
    assert trust.assurance is Assurance.NONE


@pytest.mark.parametrize("offered", [der.set_of(GM), b"\x31\x05\x30"], ids=["an offer", "malformed"])
def test_a_chip_that_signed_nothing_of_pace_is_only_remarked(offered: bytes) -> None:
    files = replace(files_of(utopia()), card_access=offered)
    assert words(judged(files)) == ["card_access_unsigned"]
    assert judged(files).assurance is Assurance.SIGNED


@pytest.mark.parametrize("offered", [None, b""], ids=["not asked", "absent"])
def test_a_chip_that_offers_no_pace_is_not_remarked(offered: bytes | None) -> None:
    assert words(judged(replace(files_of(utopia()), card_access=offered))) == []


def test_what_is_compared_with_is_only_what_is_signed() -> None:
    """A copy that changes EF.CardAccess and DG14 alike is found by the hash of DG14, and by EF.CardSecurity."""
    files = _mapped(card_access=der.set_of(GM))
    found = judged(replace(files, groups={**files.groups, 14: lds.dg14((GM,))}))
    assert ("dg_hash_mismatch", "DG14") in faults(found)
    assert ("card_access_differs", "hidden 0.4.0.127.0.7.2.2.4.6.4") in faults(found)


def _listed(*rows: Deviation) -> TrustStore:
    by = utopia()
    lists = signer(by.authority, years(1, 10), serial=16, common="DLS", purpose=DEVIATION_LIST_SIGNING)
    return with_deviation_list(store_of(by.authority), deviation_list(rows, lists, by.authority, NOW), NOW)


def test_a_known_deviation_is_told_and_forgives_nothing() -> None:
    files = files_of(utopia())
    broken = replace(files, groups={**files.groups, 12: files.groups[12][:-1] + b"9"})
    trust = judged(broken, _listed(Deviation("2.2", utopia().signer, group=12)))
    assert Reason("deviation_known", "2.2 DG12") in trust.reasons
    assert trust.assurance is Assurance.NONE


@pytest.mark.parametrize(
    ("row", "speaks"),
    [
        (Deviation("2.3"), True),
        (Deviation("2.3", numbers=(traveller("skipper").document_number,)), True),
        (Deviation("2.3", numbers=("U00000000",)), False),
        (Deviation("2.3", issued=years(1, 0)), True),
        (Deviation("2.3", issued=years(3, -2)), False),
    ],
)
def test_a_deviation_speaks_of_its_documents_alone(row: Deviation, speaks: bool) -> None:
    assert ("deviation_known" in words(judged(files_of(utopia()), _listed(row)))) is speaks


def test_a_compromised_key_makes_no_chip_genuine() -> None:
    files = replace(files_of(utopia()), active=Proof.PASSED)
    alone = judged(files, _listed(Deviation("1.4")))
    assert (alone.assurance, faults(alone)) == (Assurance.SIGNED, [("chip_key_compromised", "DG15")])
    both = replace(files, chip=Proof.PASSED)
    assert judged(both, _listed(Deviation("1.4"))).assurance is Assurance.GENUINE


def test_every_reason_can_be_met() -> None:
    """The tests of this file name every word there is."""
    source = Path(__file__).read_text(encoding="utf-8")
    assert [word for word in CAPS if f'"{word}"' not in source] == []


@pytest.mark.parametrize(
    ("group", "data", "word"),
    [
        (1, der.tlv(0x61, der.tlv(0x5F1F, b"short")), "dg_malformed"),
        (2, der.tlv(0x75, b"\x00" * 400), "dg_malformed"),
        (11, der.tlv(0x6B, der.tlv(0x5C), der.tlv(0x5F2B, b"some day")), "details_malformed"),
    ],
)
def test_a_defective_group_that_was_signed_so_is_a_finding(group: int, data: bytes, word: str) -> None:
    files = files_of(utopia())
    made = replace(files, groups={**files.groups, group: data})
    trust = judged(resigned(made, utopia().signer))
    assert Reason(word, f"DG{group}") in trust.reasons
    assert trust.assurance is (Assurance.SIGNED if word == "details_malformed" else Assurance.READ)


def _replaced(sod: bytes, old: str, new: str) -> bytes:
    """Another object identifier of the same length, everywhere."""
    assert len(der.oid(old)) == len(der.oid(new)) and der.oid(old) in sod
    return sod.replace(der.oid(old), der.oid(new))


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("1.2.840.10045.4.3.2", "1.2.840.10045.4.3.9", "algorithm_unknown"),
        ("2.23.136.1.1.1", "2.23.136.1.1.2", "sod_malformed"),
    ],
)
def test_what_is_not_known_is_said_so(old: str, new: str, word: str) -> None:
    files = files_of(utopia())
    assert word in words(judged(replace(files, sod=_replaced(files.sod, old, new))))


def test_a_signature_of_tomorrow_is_named() -> None:
    trust = judged(resigned(files_of(utopia()), utopia().signer, NOW + timedelta(days=2)))
    assert faults(trust) == [("signed_outside_validity", "")]


def test_a_signature_over_the_bare_content_is_none() -> None:
    """RFC 5652 wants signed attributes here: without them, attributes could be passed off as content."""
    files = files_of(utopia())
    content = lds.security_object(files.groups)
    data = signed_data(LDS_SECURITY_OBJECT, content, utopia().signer, attributes=False)
    assert judged(replace(files, sod=der.tlv(0x77, data))).assurance is Assurance.NONE
