"""Which part of a frame the traveller sees: all of it, or of a tall one the part that follows his face up and down."""

from __future__ import annotations

from dataclasses import dataclass

import cv2

from appliance.journey.ports import Box
from drivers.api import Frame

WIDTH_PX = 640
ASPECT = 3 / 4  # height over width of what is shown
JPEG_QUALITY = 75
EYES_DOWN = 0.42  # where the middle of the face belongs, in heights of what is shown
STILL = 0.08  # of the height: so far a face may move before the view goes with it
SHARE = 0.3  # of the way per frame, so that the view glides


@dataclass(frozen=True, slots=True)
class Window:
    """The part shown, in rows of the frame."""

    top: int
    height: int
    is_gliding: bool = False  # on its way; it does not stop before it is there


def start(shape: tuple[int, ...]) -> Window:
    """Before any face: the middle of a tall frame, the whole of any other. `shape`: height, width, ..."""
    height, width = shape[:2]
    shown = min(height, round(width * ASPECT))
    return Window((height - shown) // 2, shown)


def follow(before: Window, shape: tuple[int, ...], face: Box | None) -> Window:
    """The next window: towards the face when it has left the middle, else where it was."""
    whole = start(shape)
    if whole.height != before.height:  # another camera, or none before
        before = whole
    if face is None:
        return before
    wanted = round(face[1] + face[3] / 2 - EYES_DOWN * whole.height)
    wanted = min(max(wanted, 0), shape[0] - whole.height)
    way = wanted - before.top
    if abs(way) <= STILL * whole.height and not before.is_gliding:
        return before
    step = round(SHARE * way) or way  # the last pixels at once
    return Window(before.top + step, whole.height, is_gliding=step != way)


def jpeg(frame: Frame, window: Window) -> bytes:
    """That part of a frame, `WIDTH_PX` wide; from the camera's own small picture where it made one."""
    rows, shown = frame.pixels.shape[0], frame.pixels if frame.preview is None else frame.preview
    top, bottom = (round(row * shown.shape[0] / rows) for row in (window.top, window.top + window.height))
    part = shown[top:bottom]
    height, width = part.shape[:2]
    size = (WIDTH_PX, round(height * WIDTH_PX / width))
    small = part if width == WIDTH_PX else cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
