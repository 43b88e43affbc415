"""Small folders in the evaluation's layout, made by each test."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

TD3 = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")


def picture(path: Path, level: int = 90) -> Path:
    """A plain picture; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = (80, 100) if path.suffix == ".pgm" else (80, 100, 3)
    cv2.imwrite(str(path), np.full(size, level, np.uint8))
    return path


def text(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path
