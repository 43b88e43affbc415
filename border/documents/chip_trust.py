"""Passive authentication (Doc 9303-11, 5.1; 9303-12): what a chip's files prove, how far, and why no further.

Every fault is a reason with the assurance it still leaves; nothing a document can hold raises from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from types import MappingProxyType

from border.documents import card_files, lds
from border.documents.card_files import Infos
from border.documents.certificates import DIGITAL_SIGNATURE, Certificate
from border.documents.cms import SignedData, Verification, verify
from border.documents.countries import canonical, codes_of_alpha_2
from border.documents.errors import DocumentError
from border.documents.layout import layout_of
from border.documents.public_keys import SHA_1, SHA_256, hashed, is_weak
from border.documents.sod import Sod, read_sod
from border.documents.trust_store import Deviation, TrustStore


class Assurance(IntEnum):
    """How much the chip proves. Each level holds all below it."""

    NONE = 0  # nothing was read, or what was read is contradicted
    READ = 1  # read, and nothing contradicts it; but nobody whom we believe has signed it
    SIGNED = 2  # passive authentication: signed for the issuing state, unchanged since
    GENUINE = 3  # and the chip is no copy: active or chip authentication


class Proof(StrEnum):
    """What came of asking the chip itself (Active or Chip Authentication, or PACE-CAM)."""

    NOT_DONE = "not_done"
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ChipFiles:
    """What a reader brought. `groups`: data group number to the whole file; empty `sod` or `com`: not there.

    `card_access` and `card_security`: of the master file; empty: the chip has none, or none that can be read; None:
    nobody asked, and nothing is compared.
    """

    groups: Mapping[int, bytes]
    sod: bytes = b""
    com: bytes = b""
    active: Proof = Proof.NOT_DONE  # with the key in DG15
    chip: Proof = Proof.NOT_DONE  # with the key in DG14
    card_access: bytes | None = None
    card_security: bytes | None = None
    mapping: Proof = Proof.NOT_DONE  # PACE-CAM, with the key in EF.CardSecurity

    def __repr__(self) -> str:
        return f"<chip files {sorted(self.groups)}>"


CAPS: Mapping[str, Assurance] = MappingProxyType(
    {
        "chip_not_read": Assurance.NONE,
        "dg_hash_mismatch": Assurance.NONE,
        "signature_wrong": Assurance.NONE,
        "signer_revoked": Assurance.NONE,
        "clone_suspected": Assurance.NONE,
        "card_access_differs": Assurance.NONE,
        "dg_missing": Assurance.READ,
        "dg_malformed": Assurance.READ,
        "dg_not_signed": Assurance.READ,
        "sod_absent": Assurance.READ,
        "sod_malformed": Assurance.READ,
        "algorithm_unknown": Assurance.READ,
        "signer_absent": Assurance.READ,
        "signer_unknown": Assurance.READ,
        "signer_unfit": Assurance.READ,
        "signer_expired": Assurance.READ,
        "signer_not_yet_valid": Assurance.READ,
        "signed_outside_validity": Assurance.READ,
        "authority_expired": Assurance.READ,
        "issuing_state_differs": Assurance.READ,
        "document_type_not_covered": Assurance.READ,
        "chip_key_compromised": Assurance.SIGNED,
        "chip_key_not_signed": Assurance.SIGNED,
        "details_malformed": Assurance.GENUINE,
        "algorithm_weak": Assurance.GENUINE,
        "crl_absent": Assurance.GENUINE,
        "crl_stale": Assurance.GENUINE,
        "com_inconsistent": Assurance.GENUINE,
        "card_access_unsigned": Assurance.GENUINE,
        "deviation_known": Assurance.GENUINE,
    }
)
"""Every reason, and the most a chip can still be worth with it. Those that leave GENUINE are remarks, not faults."""

OF_THE_CHIP = frozenset({"clone_suspected", "chip_key_compromised", "chip_key_not_signed", "card_access_differs"})
"""What speaks of the chip's own keys and of what it offers openly, not of the signed files and who signed them."""

WEAK = "algorithm_weak"
REMARKS = frozenset(word for word, cap in CAPS.items() if cap is Assurance.GENUINE) - {WEAK}
"""They refer only where signed policy does not tolerate them."""


@dataclass(frozen=True, slots=True)
class Reason:
    """`word` is a key of CAPS; `about` names the place: "DG2", "document signer", a deviation's kind."""

    word: str
    about: str = ""

    def __post_init__(self) -> None:
        if self.word not in CAPS:
            raise KeyError(self.word)

    @property
    def is_fault(self) -> bool:
        return CAPS[self.word] < Assurance.GENUINE


@dataclass(frozen=True, slots=True)
class SignerFacts:
    """Who signed, for the officer and the record; public facts of certificates."""

    country: str
    serial: int
    sha256: str  # hex, of the certificate
    not_before: datetime
    not_after: datetime
    signed_at: datetime | None
    authority_sha256: str  # "" when nobody we believe vouches for it


@dataclass(frozen=True, slots=True)
class ChipTrust:
    """The judgement on one chip. `reasons` in the order they were found, faults and remarks."""

    assurance: Assurance
    reasons: tuple[Reason, ...]
    groups_proven: frozenset[int]  # data groups whose hash is the signed one
    signer: SignerFacts | None

    @property
    def faults(self) -> tuple[Reason, ...]:
        return tuple(reason for reason in self.reasons if reason.is_fault)

    @property
    def passive(self) -> Proof:
        """Passive authentication alone: failed when contradicted, not done when nobody we believe speaks for it."""
        worst = min((CAPS[r.word] for r in self.reasons if r.word not in OF_THE_CHIP), default=Assurance.GENUINE)
        if worst is Assurance.NONE:
            return Proof.FAILED
        return Proof.PASSED if worst >= Assurance.SIGNED and self.signer is not None else Proof.NOT_DONE


CLOCKS_DIFFER = timedelta(days=1)
MUST_HAVE = (1, 2)
DETAILS = (11, 12)
READERS: Mapping[int, Callable[[bytes], object]] = MappingProxyType(
    {2: lds.read_dg2, 11: lds.read_dg11, 12: lds.read_dg12, 14: lds.read_dg14, 15: lds.read_dg15}
)
AA_KEY, CA_KEY = 15, 14
CARD_SECURITY = "EF.CardSecurity"
AA_COMPROMISED = "1.4"  # deviation: the key of Active Authentication


def judge(files: ChipFiles, store: TrustStore, at: datetime) -> ChipTrust:
    """What these files prove at this time (UTC). Never raises for anything a chip can hold."""
    if not files.groups and not files.sod:
        return ChipTrust(Assurance.NONE, (Reason("chip_not_read"),), frozenset(), None)
    zone, malformed = _read_groups(files)
    reasons = [*malformed, *(Reason("dg_missing", f"DG{n}") for n in MUST_HAVE if n not in files.groups)]
    sod, fault = _read_sod(files)
    if sod is None:
        return _concluded([*reasons, fault], files, frozenset(), None)
    proven = frozenset(n for n, data in files.groups.items() if sod.security_object.agrees(n, data))
    reasons += _hashes(files, sod, proven)
    certificate = sod.signed.signing_certificate(store.signers)
    if certificate is None:
        return _concluded([*reasons, Reason("signer_absent")], files, proven, None)
    path = store.path(certificate)
    reasons += _signature(sod.signed, "EF.SOD", certificate, path)
    reasons += _signer(certificate, path, sod.signed, store, at)
    reasons += _document(zone, certificate, path)
    reasons += _deviations(zone, certificate, sod, store)
    card_security = _card_security(files, zone, store, at)
    reasons += (reason for reason in card_security.reasons if reason not in reasons)
    reasons += _card_access(files, proven, card_security.infos)
    facts = _facts(certificate, path, sod)
    return _concluded(reasons, files, proven, facts, card_security.why_not)


def _concluded(
    reasons: list[Reason],
    files: ChipFiles,
    proven: frozenset[int],
    facts: SignerFacts | None,
    mapping_unsigned: str | None = "",
) -> ChipTrust:
    """The most that every reason leaves; GENUINE only where the chip has proven a key that is itself signed."""
    keys = (
        _Key("DG15", files.active, None if AA_KEY in proven else ""),
        _Key("DG14", files.chip, None if CA_KEY in proven else ""),
        _Key(CARD_SECURITY, files.mapping, mapping_unsigned),
    )
    reasons = [*reasons, *_proofs(keys)]
    counted = [
        key
        for key in keys
        if key.proof is Proof.PASSED
        and key.unsigned is None
        and Reason("chip_key_compromised", key.place) not in reasons
    ]
    reached = Assurance.GENUINE if counted else Assurance.SIGNED
    words = [reason.word for reason in reasons]
    if counted:  # another proof's key may be unsigned or compromised: this one stands by itself
        words = [word for word in words if CAPS[word] is not Assurance.SIGNED]
    return ChipTrust(min([reached, *(CAPS[word] for word in words)]), tuple(reasons), proven, facts)


def _read_groups(files: ChipFiles) -> tuple[tuple[str, ...], list[Reason]]:
    """The zone of DG1, () when there is none to read, and every group that cannot be read."""
    zone: tuple[str, ...] = ()
    reasons = []
    for number, data in sorted(files.groups.items()):
        try:
            if number == 1:
                zone = lds.read_dg1(data)
            elif number in READERS:
                READERS[number](data)
        except DocumentError:
            word = "details_malformed" if number in DETAILS else "dg_malformed"
            reasons.append(Reason(word, f"DG{number}"))
    return zone, reasons


def _read_sod(files: ChipFiles) -> tuple[Sod | None, Reason]:
    if not files.sod:
        return None, Reason("sod_absent")
    try:
        return read_sod(files.sod), Reason("sod_absent")
    except DocumentError as error:
        return None, Reason("sod_malformed", error.reason)


def _hashes(files: ChipFiles, sod: Sod, proven: frozenset[int]) -> Iterator[Reason]:
    hashes = sod.security_object.hashes
    for number in sorted(files.groups):
        if number not in hashes:
            yield Reason("dg_not_signed", f"DG{number}")
        elif number not in proven:
            yield Reason("dg_hash_mismatch", f"DG{number}")
    if sod.security_object.digest is SHA_1:
        yield Reason("algorithm_weak", "data group hashes")
    if files.com:
        try:
            same = lds.read_com(files.com).groups == hashes.keys()
        except DocumentError:
            same = False
        if not same:
            yield Reason("com_inconsistent")


def _signature(
    signed: SignedData, place: str, certificate: Certificate, path: tuple[Certificate, ...]
) -> Iterator[Reason]:
    match verify(signed, certificate):
        case Verification.WRONG:
            yield Reason("signature_wrong", place)
        case Verification.UNKNOWN_ALGORITHM:
            yield Reason("algorithm_unknown", place)
        case Verification.GOOD:
            pass
    if is_weak(certificate.key, signed.signer.scheme):
        yield Reason("algorithm_weak", place)
    for one, by in zip((certificate, *path), path, strict=False):  # the last one is believed, whoever signed it
        if is_weak(by.key, one.scheme):
            yield Reason("algorithm_weak", "document signer" if one is certificate else "link certificate")


def _signer(
    certificate: Certificate, path: tuple[Certificate, ...], signed: SignedData, store: TrustStore, at: datetime
) -> Iterator[Reason]:
    if not path:
        yield Reason("signer_unknown", certificate.country)
    yield from _validity(certificate, path, signed.signer.signing_time, at)
    usage = certificate.usage
    if certificate.purposes or certificate.is_authority or (usage is not None and not usage & DIGITAL_SIGNATURE):
        yield Reason("signer_unfit")
    if path:
        yield from _revocation(certificate, path, store, at)


def _validity(
    certificate: Certificate, path: tuple[Certificate, ...], signed_at: datetime | None, at: datetime
) -> Iterator[Reason]:
    if at > certificate.not_after:
        yield Reason("signer_expired")
    if at < certificate.not_before:
        yield Reason("signer_not_yet_valid")
    if any(not authority.is_valid_at(at) for authority in path[:1]):
        yield Reason("authority_expired")
    begin, end = certificate.key_period
    first, last = (
        max(certificate.not_before, begin or certificate.not_before),
        min(certificate.not_after, end or certificate.not_after),
    )
    if signed_at is not None and not first <= signed_at <= min(last, at + CLOCKS_DIFFER):
        yield Reason("signed_outside_validity")


def _revocation(
    certificate: Certificate, path: tuple[Certificate, ...], store: TrustStore, at: datetime
) -> Iterator[Reason]:
    crl = store.crl_for(certificate, path)
    if crl is None:
        yield Reason("crl_absent", certificate.country)
        return
    if certificate.serial in crl.revoked:
        yield Reason("signer_revoked")
    if crl.next_update is None or not crl.this_update <= at <= crl.next_update:
        yield Reason("crl_stale", certificate.country)


def _document(zone: tuple[str, ...], certificate: Certificate, path: tuple[Certificate, ...]) -> Iterator[Reason]:
    """The signer may sign for the state and the kind of document that DG1 names."""
    layout = layout_of(zone) if zone else None
    if layout is None:
        return
    text = {field.name: field.text(zone).strip("<") for field in layout.fields}
    state, code = canonical(text["issuing_state"]), text["document_code"]
    if not all(state in _codes(one) for one in (certificate, *path[-1:])):
        yield Reason("issuing_state_differs", certificate.country)
    types = certificate.document_types
    if types and not any(code.startswith(one.rstrip("<")) for one in types if one.rstrip("<")):
        yield Reason("document_type_not_covered")


def _codes(certificate: Certificate) -> frozenset[str]:
    """The codes that documents of this certificate's state print."""
    named = frozenset(map(canonical, certificate.printed_codes))
    return named or codes_of_alpha_2(certificate.country)


@dataclass(frozen=True, slots=True)
class _CardSecurity:
    """EF.CardSecurity, judged. `why_not`: why it is not a state's word, None where it is; else no infos are given."""

    infos: Infos
    why_not: str | None
    reasons: tuple[Reason, ...] = ()


def _card_security(files: ChipFiles, zone: tuple[str, ...], store: TrustStore, at: datetime) -> _CardSecurity:
    """The document's own files are no worse for its faults: only the key of PACE-CAM is, unless somebody changed it."""
    if not files.card_security:
        return _CardSecurity(Infos(), "")
    try:
        read = card_files.read_card_security(files.card_security)
    except DocumentError as error:
        return _CardSecurity(Infos(), error.reason)
    certificate = read.signed.signing_certificate(store.signers)
    if certificate is None:
        return _CardSecurity(Infos(), "signer_absent")
    path = store.path(certificate)
    found = (
        *_signature(read.signed, CARD_SECURITY, certificate, path),
        *_signer(certificate, path, read.signed, store, at),
        *_document(zone, certificate, path),
    )
    kept = tuple(reason for reason in found if not reason.is_fault or reason.word == "signature_wrong")
    fault = next((reason.word for reason in found if reason.is_fault), None)
    return _CardSecurity(read.infos if fault is None else Infos(), fault, kept)


def _card_access(files: ChipFiles, proven: frozenset[int], card_security: Infos) -> Iterator[Reason]:
    """What the chip offered openly must be what is signed, or somebody chose the way of PACE for us (9303-11, 9.2)."""
    if files.card_access is None:
        return
    signed = _signed_infos(files, proven) | card_security
    word = "card_access_differs" if card_files.ways_of_pace(signed) else "card_access_unsigned"
    try:
        offered = card_files.read_card_access(files.card_access) if files.card_access else Infos()
    except DocumentError as error:
        yield Reason(word, error.reason)
        return
    if word == "card_access_unsigned":
        if card_files.ways_of_pace(offered):
            yield Reason(word)
        return
    found = card_files.difference(offered, signed)
    yield from (Reason(word, f"added {protocol}") for protocol in found.added)
    yield from (Reason(word, f"hidden {protocol}") for protocol in found.hidden)


def _signed_infos(files: ChipFiles, proven: frozenset[int]) -> Infos:
    if CA_KEY not in proven:
        return Infos()
    try:
        return card_files.infos_of_dg14(files.groups[CA_KEY])
    except DocumentError:  # said already, of the group
        return Infos()


def _deviations(zone: tuple[str, ...], certificate: Certificate, sod: Sod, store: TrustStore) -> Iterator[Reason]:
    layout = layout_of(zone) if zone else None
    number = layout.field("document_number").text(zone).rstrip("<") if layout else ""
    for known in store.deviations:
        if known.speaks_of(certificate, number, sod.signed.signer.signing_time):
            yield Reason("deviation_known", _about(known))
            if known.kind == AA_COMPROMISED:
                yield Reason("chip_key_compromised", "DG15")


def _about(known: Deviation) -> str:
    return known.kind if known.group is None else f"{known.kind} DG{known.group}"


@dataclass(frozen=True, slots=True)
class _Key:
    """A key that the chip was asked to prove. `unsigned`: why it is not signed, where that is known; None: it is."""

    place: str
    proof: Proof
    unsigned: str | None


def _proofs(keys: Iterable[_Key]) -> Iterator[Reason]:
    for key in keys:
        if key.proof is Proof.FAILED:
            yield Reason("clone_suspected", key.place)
        elif key.proof is Proof.PASSED and key.unsigned is not None:
            yield Reason("chip_key_not_signed", f"{key.place} {key.unsigned}".rstrip())


def _facts(certificate: Certificate, path: tuple[Certificate, ...], sod: Sod) -> SignerFacts:
    from_path = _sha256(path[-1].whole) if path else ""
    return SignerFacts(
        certificate.country,
        certificate.serial,
        _sha256(certificate.whole),
        certificate.not_before,
        certificate.not_after,
        sod.signed.signer.signing_time,
        from_path,
    )


def _sha256(data: bytes) -> str:
    return hashed(SHA_256, data).hex()
