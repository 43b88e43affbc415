"""Unmodified picamera2, told what libcamera's virtual camera lacks of a Pi's: a raw stream, a heap, a screen.

Runs in picamera2's own environment. Nothing of picamera2 is replaced but what asks for those three.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

SIZE, WIDE, SMALL = SIZES = ((640, 480), (1280, 720), (640, 360))


class _Screen:
    """What picamera2 imports for previews on a Pi's screen; nobody makes one here."""


class _Names:
    def __getattr__(self, name: str) -> str:
        return name


def _no_screen() -> None:
    for name in ("pykms", "kms"):
        module = ModuleType(name)
        for part in ("Card", "DumbFramebuffer", "DmabufFramebuffer", "ResourceManager", "AtomicReq"):
            setattr(module, part, _Screen)
        module.__dict__["PixelFormat"] = _Names()
        sys.modules[name] = module


def adapt() -> Any:
    """picamera2, whose cameras may be opened on the virtual pipeline."""
    _no_screen()
    import picamera2  # noqa: PLC0415  # after the stand-ins for the screen
    from picamera2.allocators import LibcameraAllocator  # noqa: PLC0415

    class Virtual(picamera2.Picamera2):  # type: ignore[misc]
        def _get_raw_modes(self) -> list[dict[str, Any]]:
            return [{"format": "NV12", "size": SIZE}]  # the virtual camera knows no raw role

        def __init__(self, index: int) -> None:
            super().__init__(index)
            # the heap's allocator makes buffers of one plane; the virtual camera wants the two of NV12
            self.allocator = LibcameraAllocator(self.camera)

    picamera2.Picamera2 = Virtual
    return picamera2
