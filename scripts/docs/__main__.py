"""`python -m scripts.docs [text|pictures]`: tables and diagrams from the code, or pictures from the running kiosk."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from scripts.docs import diagrams, tables

ROOT = tables.ROOT
PICTURES = ROOT / "docs" / "pictures"
WHOLE: dict[str, Callable[[], str]] = {
    "docs/pictures/journey.svg": diagrams.journey,
    "docs/pictures/outbox.svg": diagrams.outbox,
}
"""Files that are made as a whole, below the root."""

BLOCK = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def renewed(text: str) -> str:
    """The document with every made block made again. `KeyError`: a block nobody makes."""
    return BLOCK.sub(lambda found: f"{found[1]}{tables.BLOCKS[found[2]]()}{found[3]}", text)


def documents() -> list[Path]:
    """Every page with a made block."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in pages if BLOCK.search(page.read_text(encoding="utf-8"))]


def made() -> dict[Path, str]:
    """What each of our files should hold now."""
    whole = {ROOT / name: make() for name, make in WHOLE.items()}
    return whole | {page: renewed(page.read_text(encoding="utf-8")) for page in documents()}


def main(arguments: list[str]) -> int:
    if arguments not in (["text"], ["pictures"]):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    if arguments == ["pictures"]:
        from scripts.docs import pictures  # noqa: PLC0415  playwright and cv2 are for this alone

        print("\n".join(pictures.take(PICTURES)))
        return 0
    for path, text in made().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
