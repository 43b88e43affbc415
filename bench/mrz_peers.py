"""Reads a folder of pictures with one peer and prints a line of JSON for each; runs in the peers' environment.

    <environment>/bin/python bench/mrz_peers.py passporteye|tesseract FOLDER

It imports nothing of ours. Each line: the file's name, the lines that the peer took
for the zone, seconds, and processor seconds of the peer and of the programs that it started.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

WIDTHS = (30, 36, 44)
PAGE_AS_BLOCK = "--psm 6 -c tessedit_char_whitelist=ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<"


def passporteye(path: Path) -> list[str]:
    """As its documentation calls it: find the zone, read it with tesseract."""
    from passporteye import read_mrz  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415

    zone = read_mrz(str(path))
    return zone.aux["text"].split() if zone is not None and "text" in zone.aux else []


def tesseract(path: Path) -> list[str]:
    """The whole picture as one block of text; the last lines that are as long as those of a zone are the zone."""
    import pytesseract  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415
    from PIL import Image  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415

    said = pytesseract.image_to_string(Image.open(path).convert("L"), config=PAGE_AS_BLOCK)
    lines = [re.sub(r"[^A-Z0-9<]", "", line) for line in said.splitlines()]
    fitting = [line for line in lines if len(line) in WIDTHS]
    if not fitting:
        return []
    width = len(fitting[-1])
    return [line for line in fitting if len(line) == width][-3 if width == min(WIDTHS) else -2 :]


PEERS: dict[str, Callable[[Path], list[str]]] = {"passporteye": passporteye, "tesseract": tesseract}


def main() -> None:
    name, folder = sys.argv[1:]
    for path in sorted(Path(folder).glob("*.png")):
        began, began_cpu = time.perf_counter(), sum(os.times()[:4])
        lines = PEERS[name](path)
        took, cpu = time.perf_counter() - began, sum(os.times()[:4]) - began_cpu
        said = {"file": path.name, "lines": lines, "seconds": took, "cpu_seconds": cpu}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
