"""What a chip reader brought, as the border's own values: files to judge, evidence, portrait, and what is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from appliance.checks.evidence import ChipEvidence
from border.documents import chip_trust, lds
from border.documents.chip_trust import ChipFiles, Proof
from border.documents.chip_unread import Unread
from border.documents.errors import DocumentError
from border.documents.trust_store import TrustStore
from border.documents.zone_comparison import compare_zones
from border.encounter import ChipFact
from border.messages.trust import Trust
from drivers import api
from drivers.api import Access, ChipReading, Portrait, PortraitSource

PROOFS: Mapping[api.Proof, Proof] = MappingProxyType(
    {
        api.Proof.NOT_OFFERED: Proof.NOT_DONE,
        api.Proof.NOT_KNOWN: Proof.NOT_DONE,
        api.Proof.PASSED: Proof.PASSED,
        api.Proof.FAILED: Proof.FAILED,
    }
)
CLOSED: Mapping[Access, Unread] = MappingProxyType(
    {Access.DENIED: Unread.DENIED, Access.NO_PASSPORT: Unread.OTHER_KIND}
)
LONGEST_TEXT = 40


def files_of(reading: ChipReading) -> ChipFiles:
    """The reading as passive authentication wants it."""
    groups = {int(name[2:]): data for name, data in reading.files.items() if name.startswith("DG")}
    return ChipFiles(
        groups,
        reading.files.get("SOD", b""),
        reading.files.get("COM", b""),
        active=PROOFS[reading.active_authentication],
        chip=PROOFS[reading.chip_authentication],
        card_access=reading.files.get("CardAccess", b""),
        card_security=reading.files.get("CardSecurity", b""),
        mapping=PROOFS[reading.pace_chip_authentication],
    )


def evidence_of(
    reading: ChipReading, printed: tuple[str, ...], trust: Trust | None, age_hours: float | None, at: datetime
) -> ChipEvidence | Unread:
    """The chip judged at this time (UTC); a chip that did not open is only the reason why. Raises nothing."""
    if reading.access in CLOSED:
        return CLOSED[reading.access]
    files = files_of(reading)
    return ChipEvidence(
        access=f"{reading.access}: {reading.method}",
        trust=chip_trust.judge(files, trust.store if trust else TrustStore(), at),
        active=files.active,
        chip=files.chip,
        zone=_zone(files),
        printed=printed,
        store_version=trust.version if trust else 0,
        store_age_hours=age_hours,
    )


def portrait_of(reading: ChipReading) -> Portrait | None:
    """The first face of DG2; None where the chip gave none that can be taken out."""
    try:
        found = lds.read_dg2(reading.files.get("DG2", b""))
    except DocumentError:
        return None
    return Portrait(PortraitSource.CHIP, found.media_type, found.data)


def fact_of(chip: ChipEvidence | Unread) -> ChipFact | None:
    """What the record keeps; None where no chip was read."""
    if isinstance(chip, Unread):
        return None
    trust, signer = chip.trust, chip.trust.signer
    compared = compare_zones(chip.printed, chip.zone)
    return ChipFact(
        access=chip.access,
        assurance=int(trust.assurance),
        passive_authentication=trust.passive,
        active_authentication=chip.active,
        chip_authentication=chip.chip,
        reasons=tuple((reason.word, _plain(reason.about)) for reason in trust.reasons),
        groups_proven=tuple(sorted(trust.groups_proven)),
        signer=signer.sha256 if signer else "",
        signer_country=_plain(signer.country) if signer else "",
        authority=signer.authority_sha256 if signer else "",
        store_version=chip.store_version,
        zone_same_shape=compared.same_shape,
        zone_differences=compared.differences,
    )


def _plain(text: str) -> str:
    """As much as a name, a place or a code needs: a certificate's own words may be as long as its maker likes."""
    return "".join(char if " " <= char <= "~" else "?" for char in text[:LONGEST_TEXT])


def _zone(files: ChipFiles) -> tuple[str, ...]:
    try:
        return lds.read_dg1(files.groups.get(1, b""))
    except DocumentError:
        return ()
