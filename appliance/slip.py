"""What stands on a traveller's slip: the number, the day, where to go; nothing of who he is. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.journey.view import Receipt
from appliance.web.catalogue import Catalogue
from border.encounter import Outcome
from drivers.api import LineStyle, Slip, SlipLine


@dataclass(frozen=True, slots=True)
class SlipWriter:
    """`officer_url`: the desk of this kiosk; the code on a referred traveller's slip opens his case there."""

    words: Catalogue
    port: str
    officer_url: str

    def __call__(self, receipt: Receipt, encounter: str, language: str) -> Slip:
        """In the traveller's language. The code holds an address and the encounter's random id."""
        is_cleared = receipt.outcome is Outcome.CLEARED
        lines = (
            SlipLine(self.port, LineStyle.STRONG),
            SlipLine(""),
            SlipLine(receipt.number, LineStyle.LARGE),
            SlipLine(""),
            *(self._cleared(receipt, language) if is_cleared else self._referred(language)),
            SlipLine(f"{self._text(language, f'receipt.{receipt.direction}')}: {receipt.day}"),
            SlipLine(self._text(language, "slip.is_no_permit")),
        )
        return Slip(lines, "" if is_cleared else f"{self.officer_url.rstrip('/')}/case/{encounter}")

    def _cleared(self, receipt: Receipt, language: str) -> tuple[SlipLine, ...]:
        done = SlipLine(self._text(language, "title.cleared"), LineStyle.STRONG)
        if receipt.stay_until is None:
            return (done,)
        return done, SlipLine(f"{self._text(language, 'receipt.stay_until')}: {receipt.stay_until}", LineStyle.STRONG)

    def _referred(self, language: str) -> tuple[SlipLine, ...]:
        return (
            SlipLine(self._text(language, "slip.to_the_officer"), LineStyle.STRONG),
            SlipLine(self._text(language, "slip.show_it")),
        )

    def _text(self, language: str, key: str) -> str:
        return self.words.text(language, key)
