"""Reading the documents: tables by their section, links, and the text files under version control."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
CODE = re.compile(r"`([^`]+)`")


def sections(page: Path) -> dict[str, list[list[str]]]:
    """Rows of cells by the heading they stand under, without the heads of the tables."""
    found: dict[str, list[list[str]]] = {}
    heading, rows_of_table = "", 0
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ").strip()
        is_row = line.startswith("|")
        rows_of_table = rows_of_table + 1 if is_row else 0
        if is_row and rows_of_table > 2:
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            found.setdefault(heading, []).append(cells)
    return found


def words(page: Path, heading: str) -> list[str]:
    """The code words of the first column under this heading, in order."""
    firsts = [CODE.fullmatch(row[0]) for row in sections(page)[heading]]
    assert all(firsts), f"{page.name}, {heading}: a first cell is no code word"
    return [match[1] for match in firsts if match]


def tracked() -> list[Path]:
    """Everything git knows, or would take: tracked files and new ones it does not ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    named = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [path for name in sorted(set(filter(None, named.split("\0")))) if (path := ROOT / name).is_file()]


def text_of(path: Path) -> str | None:
    """None for what is no text."""
    data = path.read_bytes()
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
