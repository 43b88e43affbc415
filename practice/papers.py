"""The practice states that sign the travellers' chips, and what their authorities publish, as files for the centre."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from simulators.passport.document import Issuer, issuer
from simulators.passport.keys import Scheme
from simulators.passport.on_chip import copied, for_another_page, genuine, photograph_changed
from simulators.passport.pki import MASTER_LIST_SIGNING, Place, crl, csca, master_list, signer
from simulators.passport_chip import Chip
from simulators.travellers import Traveller

PLACES = {"UTO": Place("UT", "UTO"), "LCA": Place("LC", "LCA")}
"""Whose documents the invented travellers carry."""

KINDS: dict[str, Callable[[Papers, Traveller], Chip]] = {
    "good": lambda papers, who: genuine(who, papers.today, papers.by(who)),
    "tampered": lambda papers, who: photograph_changed(who, papers.today, papers.by(who)),
    "cloned": lambda papers, who: copied(who, papers.today, papers.by(who)),
    "other_page": lambda papers, who: for_another_page(who, papers.today, papers.by(who)),
    "wrong_authority": lambda papers, who: genuine(who, papers.today, papers.forger),
}
"""What a document's chip may be like."""


class Papers:
    """The authorities of one day. Utopia's are known to headquarters; the others come in Utopia's master list."""

    def __init__(self) -> None:
        self.today: date = datetime.now(UTC).date()
        self._issuers = {code: issuer(self.today, place=place) for code, place in PLACES.items()}
        year = timedelta(days=365)
        self._now = datetime(self.today.year, self.today.month, self.today.day, tzinfo=UTC)
        valid = (self._now - year, self._now + 10 * year)
        authority = csca(valid, name_of_key="forger")  # Utopia's name over a key of his own
        self.forger: Issuer = Issuer(authority, signer(authority, valid, common="DS of nobody"))

    def by(self, who: Traveller) -> Issuer:
        """Who issued his document."""
        return self._issuers[who.issuing_state]

    def chip(self, who: Traveller, kind: str) -> Chip:
        """Raises `KeyError` for a kind nobody knows."""
        return KINDS[kind](self, who)

    def publish(self, folder: Path) -> None:
        """The folder that `python -m central.lists trust` signs."""
        home, others = self._issuers["UTO"], [one for code, one in self._issuers.items() if code != "UTO"]
        valid = (self._now - timedelta(days=30), self._now + timedelta(days=365))
        lister = signer(home.authority, valid, Scheme(), common="ML", serial=21, purpose=MASTER_LIST_SIGNING)
        listed = [one.authority.certificate for one in (home, *others)]
        pieces = {
            "authorities/utopia.der": home.authority.certificate,
            "master_lists/utopia.ml": master_list(listed, lister, home.authority, self._now),
            **{f"crls/{code.lower()}.crl": crl(one.authority, (), self._now) for code, one in self._issuers.items()},
            "publishers.txt": b"UT\n",
        }
        for name, data in pieces.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
