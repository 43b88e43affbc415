"""What is wrong with a chip, its files or who signed them, and the finding that each must bring: rows that are run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from border.documents.chip_trust import Assurance, ChipTrust
from border.documents.trust_store import TrustStore
from drivers.api import ChipKeys
from drivers.deadline import Deadline
from drivers.errors import DeviceError
from drivers.passport_reader.chip import PassportChip
from simulators.chip_crypto import tlv
from simulators.chip_keys import GM, CaKey, PaceWay
from simulators.passport import lds
from simulators.passport.document import Issuer, chip_key
from simulators.passport.keys import curve_key, public_info
from simulators.passport.pki import Signer
from simulators.passport_chip import CARD_ACCESS, CARD_SECURITY, DG15, SOD, Chip
from tests.border.documents.chips import NOW, csca, signer, store_of, utopia, years
from tests.drivers import signed
from tests.drivers.passports import WRONG_NUMBER, WRONG_ZONE, Table, nobody, read, rsa_key
from tests.drivers.signed import KEYS, brought, judged, laid

GROUPS = (1, 2, 11, 12, 14, 15)
WEAK = PaceWay(GM, 1, 8)  # 3DES on the shortest curve
QUICK = PaceWay(GM, 2, 8)


@dataclass(frozen=True, slots=True)
class Fault:
    """`found` goes from the first command to the judgement. `word`: where it comes to none, what is said instead."""

    name: str
    found: Callable[[], ChipTrust | str]
    reasons: tuple[tuple[str, str], ...] = ()
    assurance: Assurance = Assurance.NONE
    word: str | None = None

    def run(self) -> None:
        """Raises AssertionError where another thing is found, or another besides."""
        found = self.found()
        if isinstance(found, str):
            assert found == self.word
            return
        assert tuple((reason.word, reason.about) for reason in found.reasons) == self.reasons
        assert found.assurance is self.assurance


def _access(keys: ChipKeys, ways: tuple[PaceWay, ...]) -> Callable[[], str]:
    return lambda: read(laid(ways).chip, keys).access.value


def _tampered(group: int) -> Fault:
    def found() -> ChipTrust:
        made = laid()
        file = lds.file_id(group)
        data = made.chip.files[file]
        made.chip.files[file] = data[:-1] + bytes([data[-1] ^ 1])
        return judged(made.chip)

    # the last bytes of these two are a key's
    besides = (("clone_suspected", f"DG{group}"),) if group in (14, 15) else ()
    return Fault(f"DG{group} with one bit turned", found, (("dg_hash_mismatch", f"DG{group}"), *besides))


def _without(**secrets: None) -> Callable[[], ChipTrust]:
    return lambda: judged(replace(laid().chip, **secrets))  # type: ignore[arg-type]


def _own_active_key() -> ChipTrust:
    """A copy that brings a DG15 of its own, and signs with it."""
    chip = laid().chip
    chip.aa_key = rsa_key()
    chip.files[DG15] = lds.dg15(public_info(rsa_key()))
    return judged(chip)


def _own_mapping_key(by: Signer | None) -> Callable[[], ChipTrust]:
    """A copy with an EF.CardSecurity of its own: the right one with another key put in, or signed by whom it likes."""

    def found() -> ChipTrust:
        made, own = laid(), curve_key(signed.CURVE, "of a copy")
        if by is None:
            assert made.document.mapping is not None
            true, other = (public_info(key, explicit=True) for key in (made.document.mapping, own))
            file = made.document.card_security.replace(true, other)
        else:
            infos = (*(way.info for way in signed.WAYS), chip_key(own))
            file = lds.card_security(infos, by, NOW)
        made.chip.master[CARD_SECURITY] = file
        made.chip.cam_key = CaKey.of(own, signed.WAYS[0].arc)
        return judged(made.chip)

    return found


def _offering(*ways: PaceWay) -> Callable[[], ChipTrust]:
    """The same signed files; what lies open is another."""

    def found() -> ChipTrust:
        chip = laid().chip
        chip.pace = ways
        chip.master.pop(CARD_ACCESS)
        if ways:
            chip.master[CARD_ACCESS] = tlv(0x31, *(way.info for way in ways))
        return judged(chip)

    return found


def _removed() -> str:
    """At every command of a whole reading, in turn: what is said."""
    chip = Chip(replace(laid((QUICK,)).chip, longest_answer=65535))
    said = set()
    for at in range(1, read(chip.passport, KEYS).timing.commands + 1):
        try:
            PassportChip("chip", Table(chip, removed_at=at)).read(KEYS, Deadline(60), nobody)
        except DeviceError as error:
            said.add(error.code)
    (code,) = said
    return code


def _by(made: Callable[[], Signer], store: Callable[[], TrustStore] | None = None) -> Callable[[], ChipTrust]:
    """The right files under another signature; EF.CardSecurity, too."""

    def found() -> ChipTrust:
        chip = laid(by=Issuer(utopia().authority, made())).chip
        return judged(chip, None if store is None else store())

    return found


def _forger() -> Signer:
    return signer(csca(years(1, 14), name_of_key="forged"), years(1, 10), serial=61)


def _ended() -> Signer:
    return signer(utopia().authority, years(0.9, -0.01), serial=60)


def _revoking() -> TrustStore:
    return store_of(utopia().authority, revoked=(utopia().signer.serial,))


def _forged_sod() -> ChipTrust:
    """The right signer's certificate over a signature by another key."""
    true, forger = utopia().signer, _forger()
    by = replace(forger, certificate=true.certificate, issuer=true.issuer, serial=true.serial)
    made = laid()
    groups = brought(read(made.chip, KEYS)).groups
    made.chip.files[SOD] = lds.sod(groups, by, NOW)
    return judged(made.chip)


READ, GENUINE = Assurance.READ, Assurance.GENUINE
SECURITY = "EF.CardSecurity"
CAM_256, GM_128, GM_3DES = (f"0.4.0.127.0.7.2.2.4.{arc}" for arc in ("6.4", "2.2", "2.1"))
BOTH_HIDDEN = tuple(("card_access_differs", f"hidden {way}") for way in (GM_128, CAM_256))


def _unsigned(why: str) -> tuple[str, str]:
    return "chip_key_not_signed", f"{SECURITY} {why}"


FAULTS: tuple[Fault, ...] = (
    Fault("nothing is wrong", lambda: judged(laid().chip), (), GENUINE),
    Fault("a wrong zone, PACE", _access(WRONG_ZONE, signed.WAYS), word="denied"),
    Fault("a wrong number, PACE", _access(WRONG_NUMBER, signed.WAYS), word="denied"),
    Fault("a wrong zone, BAC", _access(WRONG_ZONE, ()), word="denied"),
    Fault("taken away, at each command of a whole reading", _removed, word="DEV-REMOVED"),
    *map(_tampered, GROUPS),
    Fault("EF.SOD signed by another key", _forged_sod, (("signature_wrong", "EF.SOD"),)),
    Fault("a CSCA that we do not believe", _by(_forger), (("signer_unknown", "UT"), _unsigned("signer_unknown")), READ),
    Fault("a signer that has ended", _by(_ended), (("signer_expired", ""), _unsigned("signer_expired")), READ),
    Fault(
        "a signer that was revoked",
        _by(lambda: utopia().signer, _revoking),
        (("signer_revoked", ""), _unsigned("signer_revoked")),
    ),
    Fault("a copy without the key of DG15", _without(aa_key=None), (("clone_suspected", "DG15"),)),
    Fault(
        "a copy with a DG15 of its own",
        _own_active_key,
        (("dg_hash_mismatch", "DG15"), ("chip_key_not_signed", "DG15")),
    ),
    Fault("a copy without the key of DG14", _without(ca_key=None), (("clone_suspected", "DG14"),)),
    Fault(f"a copy without the key of {SECURITY}", _without(cam_key=None), (("clone_suspected", SECURITY),)),
    Fault(
        f"an {SECURITY} with another key put in",
        _own_mapping_key(None),
        (("signature_wrong", SECURITY), _unsigned("signature_wrong")),
    ),
    Fault(f"an {SECURITY} by nobody we believe", _own_mapping_key(_forger()), (_unsigned("signer_unknown"),), GENUINE),
    Fault(
        "PACE offered weaker than signed", _offering(WEAK), (("card_access_differs", f"added {GM_3DES}"), *BOTH_HIDDEN)
    ),
    Fault("the best PACE kept silent", _offering(signed.WAYS[1]), BOTH_HIDDEN[1:]),
    Fault("all PACE kept silent, so that BAC opens it", _offering(), BOTH_HIDDEN),
    Fault(
        "PACE offered, and signed nowhere",
        lambda: judged(laid(told=False).chip),
        (("card_access_unsigned", ""),),
        GENUINE,
    ),
)
