"""Certificates, master lists and deviation lists: who is believed, and who is not."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from border.documents.certificates import read_certificate, read_crl
from border.documents.chip_trust import Assurance, judge
from border.documents.countries import ISO_3166, codes_of_alpha_2
from border.documents.curves import CURVES, Curve
from border.documents.errors import DocumentError
from border.documents.public_keys import curve_of
from border.documents.tlv import read
from border.documents.trust_store import TrustStore, with_deviation_list, with_master_list
from simulators.passport import der
from simulators.passport.curves import EXPLICIT
from simulators.passport.document import Issuer
from simulators.passport.keys import Scheme
from simulators.passport.pki import (
    DEVIATION_LIST_SIGNING,
    MASTER_LIST_SIGNING,
    Deviation,
    Place,
    Signer,
    crl,
    deviation_list,
    link,
    master_list,
)
from tests.border.documents.chips import NOW, csca, files_of, signer, store_of, utopia, years

LUCIA = Place("LC", "LCA")


def _list_signer(authority: Signer, purpose: str = MASTER_LIST_SIGNING, after: float = 1) -> Signer:
    return signer(authority, years(1, after), common="MLS", serial=40, purpose=purpose)


def _listed(certificates: Iterable[bytes], by: Signer | None = None, authority: Signer | None = None) -> bytes:
    authority = utopia().authority if authority is None else authority
    return master_list(certificates, _list_signer(authority) if by is None else by, authority, NOW)


def _taken(data: bytes, publishers: tuple[str, ...] = ("UT",), store: TrustStore | None = None) -> TrustStore:
    return with_master_list(store_of(utopia().authority) if store is None else store, data, NOW, publishers)


@pytest.mark.parametrize("scheme", [Scheme(), Scheme("rsa2048", pss=True), Scheme("brainpoolP384r1", "sha384")])
def test_a_certificate_says_what_another_reader_reads_in_it(scheme: Scheme) -> None:
    by = utopia(scheme)
    ours, theirs = read_certificate(by.signer.certificate), x509.load_der_x509_certificate(by.signer.certificate)
    assert ours.serial == theirs.serial_number
    assert (ours.not_before, ours.not_after) == (theirs.not_valid_before_utc, theirs.not_valid_after_utc)
    assert ours.body == theirs.tbs_certificate_bytes
    assert ours.key == theirs.public_key()
    assert ours.key_id == theirs.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert ours.country == "UT" and ours.printed_codes == {"UTO"} and not ours.is_authority
    assert read_certificate(by.authority.certificate).is_authority


def test_a_revocation_list_says_what_another_reader_reads_in_it() -> None:
    data = crl(utopia().authority, (5, 7), NOW)
    ours, theirs = read_crl(data), x509.load_der_x509_crl(data)
    assert ours.revoked == {row.serial_number for row in theirs} == {5, 7}
    assert (ours.this_update, ours.next_update) == (theirs.last_update_utc, theirs.next_update_utc)


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.curve.name)
def test_a_curve_is_a_curve(curve: Curve) -> None:
    assert (curve.y**2 - curve.x**3 - curve.a * curve.x - curve.b) % curve.p == 0
    base = ec.derive_private_key(1, curve.curve).public_key().public_numbers()
    assert (base.x, base.y) == (curve.x, curve.y)
    last = ec.derive_private_key(curve.n - 1, curve.curve).public_key().public_numbers()
    assert (last.x, last.y) == (curve.x, curve.p - curve.y)


@pytest.mark.parametrize("name", EXPLICIT)
def test_explicit_parameters_are_known_only_as_a_whole(name: str) -> None:
    """One bit elsewhere, above all in the base point, and it is nobody's curve: a forger would choose his own."""
    data = bytes.fromhex(EXPLICIT[name])
    found = curve_of(read(data))
    assert found is not None and found.curve.name == name
    base = data.index(b"\x04" + found.x.to_bytes(found.size, "big"))
    for at in (base + 1, base + found.size * 2, data.index(found.p.to_bytes(found.size, "big")) + 3, len(data) - 4):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        assert curve_of(read(changed)) is None


@pytest.mark.parametrize("curve", ["brainpoolP256r1", "secp384r1", "secp224r1"])
def test_an_explicit_key_made_by_openssl_is_read(curve: str, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.der"
    encoding = ("-param_enc", "explicit", "-conv_form", "uncompressed")
    _openssl("ecparam", "-name", curve, "-genkey", *encoding, "-noout", "-out", str(key))
    request = ("req", "-x509", "-new", "-key", str(key), "-subj", "/C=UT/CN=explicit", "-days", "10")
    _openssl(*request, "-outform", "DER", "-out", str(certificate))
    found = read_certificate(certificate.read_bytes())
    assert isinstance(found.key, ec.EllipticCurvePublicKey) and found.key.curve.name == curve
    assert found.has_signed(found)


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], capture_output=True, check=True, timeout=60)


def test_a_master_list_brings_authorities_and_links() -> None:
    theirs = csca(years(1, 14), place=LUCIA)
    newer = csca(years(0, 15), place=LUCIA, name_of_key="second")
    store = _taken(_listed([theirs.certificate, link(theirs, newer, years(0, 10), LUCIA)]))
    assert [one.country for one in store.authorities] == ["UT", "LC"]
    assert [one.country for one in store.links] == ["LC"]
    by = Issuer(newer, signer(newer, years(1, 10), place=LUCIA))
    assert judge(files_of(by), store, NOW).signer is not None
    assert judge(files_of(by), store, NOW).signer.authority_sha256 != ""  # type: ignore[union-attr]


def test_the_same_list_twice_brings_nothing_new() -> None:
    data = _listed([utopia().authority.certificate, csca(years(1, 14), place=LUCIA).certificate])
    once = _taken(data)
    assert _taken(data, store=once) == once
    assert len(once.authorities) == 2


def test_a_certificate_that_cannot_be_read_spoils_no_list() -> None:
    theirs = csca(years(1, 14), place=LUCIA)
    assert len(_taken(_listed([der.seq(der.integer(1)), theirs.certificate])).authorities) == 2


@pytest.mark.parametrize(
    ("by", "publishers", "reason"),
    [
        (_list_signer(utopia().authority), ("LC",), "list_signer_unfit"),
        (_list_signer(utopia().authority, DEVIATION_LIST_SIGNING), ("UT",), "list_signer_unfit"),
        (utopia().signer, ("UT",), "list_signer_unfit"),  # a document signer makes no authorities
        (_list_signer(utopia().authority, after=-0.1), ("UT",), "list_signer_expired"),
        (_list_signer(csca(years(1, 14), name_of_key="forged")), ("UT",), "list_signer_unknown"),
    ],
)
def test_a_list_of_somebody_else_is_refused(by: Signer, publishers: tuple[str, ...], reason: str) -> None:
    with pytest.raises(DocumentError) as refused:
        _taken(_listed([csca(years(1, 14), place=LUCIA).certificate], by), publishers)
    assert refused.value.reason == reason


def test_a_list_signer_that_was_revoked_is_refused() -> None:
    store = store_of(utopia().authority, revoked=(40,))
    with pytest.raises(DocumentError) as refused:
        _taken(_listed([]), store=store)
    assert refused.value.reason == "list_signer_unfit"


def test_a_changed_list_is_refused() -> None:
    theirs = csca(years(1, 14), place=LUCIA)
    data = _listed([theirs.certificate])
    at = data.index(theirs.certificate) + 40
    with pytest.raises(DocumentError) as refused:
        _taken(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    assert refused.value.reason == "list_signature_wrong"


def test_one_kind_of_list_is_not_another() -> None:
    by = utopia().authority
    data = deviation_list([Deviation("2.3")], _list_signer(by, DEVIATION_LIST_SIGNING), by, NOW)
    with pytest.raises(DocumentError) as refused:
        _taken(data)
    assert refused.value.reason == "wrong_content"


def test_a_state_speaks_of_its_own_documents_alone() -> None:
    theirs = csca(years(1, 14), place=LUCIA)
    by = signer(theirs, years(1, 1), place=LUCIA, common="DLS", serial=41, purpose=DEVIATION_LIST_SIGNING)
    store = store_of(utopia().authority, theirs)
    known = with_deviation_list(store, deviation_list([Deviation("2.3")], by, theirs, NOW), NOW)
    assert len(known.deviations) == 1
    trust = judge(files_of(utopia()), known, NOW)
    assert trust.assurance is Assurance.SIGNED
    assert "deviation_known" not in [reason.word for reason in trust.reasons]


def test_a_chain_of_links_has_an_end() -> None:
    """Two links that vouch for each other lead nowhere, and do so at once."""
    first, second = csca(years(6, 9)), csca(years(1, 14), name_of_key="second")
    circle = (read_certificate(link(first, second, years(1, 9))), read_certificate(link(second, first, years(1, 9))))
    by = signer(second, years(1, 10), serial=42)
    store = replace(store_of(csca(years(1, 14), place=LUCIA)), links=circle)
    assert store.path(read_certificate(by.certificate)) == ()


def test_two_letters_name_the_states_that_three_letters_name() -> None:
    assert codes_of_alpha_2("LC") == {"LCA"}
    assert codes_of_alpha_2("DE") == {"D"}
    assert codes_of_alpha_2("GB") >= {"GBR", "GBD"}
    assert codes_of_alpha_2("?!") == frozenset()
    named = {code for one in _PAIRS for code in codes_of_alpha_2(one)}
    assert {"DEU"} == ISO_3166 - named  # Germany prints one letter


_PAIRS = [a + b for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for b in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
