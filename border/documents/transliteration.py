"""National characters to the 26 letters of a zone: the tables of Doc 9303-3, section 6, as data."""

from __future__ import annotations

import unicodedata


def _table(rows: str) -> dict[str, str]:
    """`letter:transliteration` pairs with spaces between them."""
    return dict(row.split(":", 1) for row in rows.split())


UNKNOWN = "?"  # stands for a letter no table knows; it equals nothing, not even itself, when names are compared

# Table A, Latin: only what is not simply the letter without its marks.
LATIN = {
    "Ä": "AE",
    "Å": "AA",
    "Æ": "AE",
    "Ð": "D",
    "Đ": "D",
    "Ħ": "H",
    "İ": "I",
    "Ł": "L",
    "Ŋ": "N",
    "Ö": "OE",
    "Ø": "OE",
    "Œ": "OE",
    "ẞ": "SS",
    "Þ": "TH",
    "Ŧ": "T",
    "Ü": "UE",
}

# Table B, Cyrillic. The soft sign has no row: it is not printed.
CYRILLIC = _table(
    "А:A Б:B В:V Г:G Д:D Е:E Ё:E Ж:ZH З:Z И:I Й:I К:K Л:L М:M Н:N О:O П:P Р:R С:S Т:T У:U Ф:F Х:KH Ц:TS Ч:CH "
    "Ш:SH Щ:SHCH Ъ:IE Ы:Y Ь: Э:E Ю:IU Я:IA Ђ:D Є:IE Ѕ:DZ І:I Ї:I Ј:J Љ:LJ Њ:NJ Ќ:K Ў:U Џ:DZ Ѫ:U Ѵ:Y Ґ:G Ғ:G "
    "Һ:C Ћ:C Ѓ:G"
)

# Table C, Arabic with Persian, Urdu and Pashto. X escapes the letter it stands before. Short vowels are not printed.
_ARABIC_BY_CODE = _table(
    "0621:XE 0622:XAA 0623:XAE 0624:U 0625:I 0626:XI 0627:A 0628:B 0629:XTA 062A:T 062B:XTH 062C:J 062D:XH "
    "062E:XKH 062F:D 0630:XDH 0631:R 0632:Z 0633:S 0634:XSH 0635:XSS 0636:XDZ 0637:XTT 0638:XZZ 0639:E 063A:G "
    "0640: 0641:F 0642:Q 0643:K 0644:L 0645:M 0646:N 0647:H 0648:W 0649:XAY 064A:Y 0671:XXA 0679:XXT 067C:XRT "
    "067E:P 0681:XKE 0685:XXH 0686:XC 0688:XXD 0689:XDR 0691:XXR 0693:XRR 0696:XRX 0698:XJ 069A:XXS 06A9:XKK "
    "06AB:XXK 06AD:XNG 06AF:XGG 06BA:XNN 06BC:XXN 06BE:XDO 06C0:XYH 06C1:XXG 06C2:XGE 06C3:XTG 06CC:XYA "
    "06CD:XXY 06D0:Y 06D2:XYB 06D3:XBE"
)
ARABIC = {chr(int(code, 16)): latin for code, latin in _ARABIC_BY_CODE.items()}
SHADDA = "\u0651"  # doubles the letter it stands on
TEH_MARBUTA = "\u0629"
TEH_MARBUTA_LAST = "XAH"

DROPPED = frozenset("'’‘ʼʻʽʾʿ`´\"“”.·")
SPACED = frozenset(" ,;-‐‑‒–—−/<")

# What some states print instead. "^" marks the first letter of a name component.
SCHEMES: dict[str, dict[str, str]] = {
    "": {},
    "base": {"Ä": "A", "Å": "A", "Ñ": "N", "Ö": "O", "Ø": "O", "Ü": "U"},
    "escaped": {"Ñ": "NXX", "Ü": "UXX"},
    "be": {"Ё": "IO", "Г": "H"},
    "bg": {"Щ": "SHT"},
    "mk": {"Ќ": "KJ", "Ѓ": "GJ", "Ғ": "GJ", "Х": "H", "Ц": "C", "Џ": "DJ"},
    "sr": {"Г": "H", "Ж": "Z", "Х": "H", "Ц": "C", "Ч": "C", "Ш": "S"},
    "uk": {"Г": "H", "И": "Y", "^Є": "YE", "^Ї": "YI", "^Й": "Y", "^Ю": "YU", "^Я": "YA"},
    "fa": {"\u06cc": "Y", "\u06a9": "K", "\u06af": "G"},
}
DEFAULT = LATIN | CYRILLIC | ARABIC


def transliterate(text: str, scheme: str = "") -> str:
    """Letters A-Z and single spaces, as they stand between fillers; UNKNOWN for a letter outside the tables.

    Apostrophes and full stops vanish, hyphens become spaces (Doc 9303-3, 4.6). `scheme` names a row of SCHEMES.
    """
    table = DEFAULT | SCHEMES[scheme]
    # Dropped twice: normalisation would turn a lone acute into a space, and takes an apostrophe out of "ŉ".
    normal = unicodedata.normalize("NFKC", _without_dropped(text)).upper()
    spaced = "".join(" " if char in SPACED else char for char in _without_dropped(normal))
    return " ".join(letters for word in spaced.split() if (letters := _word(word, table)))


def _without_dropped(text: str) -> str:
    return "".join(char for char in text if char not in DROPPED)


def _word(word: str, table: dict[str, str]) -> str:
    letters: list[str] = []
    for at, char in enumerate(word):
        if char == SHADDA:
            letters += letters[-1:]
        elif char == TEH_MARBUTA and all(_is_mark(rest) for rest in word[at + 1 :]):
            letters.append(TEH_MARBUTA_LAST)
        elif not _is_mark(char):
            letters.append(_letter(char, table, is_first=not letters))
    return "".join(letters)


def _is_mark(char: str) -> bool:
    """Vowel signs, combining accents, invisible joiners: nothing of them is printed."""
    return unicodedata.category(char)[0] in "MC"


def _letter(char: str, table: dict[str, str], *, is_first: bool) -> str:
    if is_first and "^" + char in table:
        return table["^" + char]
    if char in table:
        return table[char]
    base = unicodedata.normalize("NFD", char)[0]
    return base if "A" <= base <= "Z" else UNKNOWN
