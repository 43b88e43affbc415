"""The voice: texts of the catalogue as WAV, rendered by espeak-ng once and kept in a folder."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import shutil
import tempfile
from pathlib import Path

from appliance.web.catalogue import Catalogue

WORDS_PER_MINUTE = 140
MAX_CLIPS = 4000
"""More than every text in every language; a fuller folder is somebody else's."""

_log = logging.getLogger(__name__)


class Speech:
    """Renders one clip at a time. Where espeak-ng is absent, every clip is None and pages stay silent."""

    def __init__(
        self, catalogue: Catalogue, folder: Path, *, program: str = "espeak-ng", timeout_s: float = 5.0
    ) -> None:
        """`folder` is made when absent; its content may be thrown away at any time."""
        self._catalogue = catalogue
        self._folder = folder
        self._program = shutil.which(program)
        self._timeout_s = timeout_s
        self._one_at_a_time = asyncio.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def is_ready(self) -> bool:
        return self._program is not None

    async def wav(self, code: str, key: str) -> bytes | None:
        """The clip for a catalogue key; None when the key is unknown or the voice is absent or too slow."""
        text = self._catalogue.spoken(code, key)
        if text is None or self._program is None:
            return None
        voice = self._catalogue.language(code).voice
        name = hashlib.sha256(f"{voice}|{WORDS_PER_MINUTE}|{text}".encode()).hexdigest()
        path = self._folder / f"{name}.wav"
        if (clip := _kept(path)) is not None:
            return clip
        async with self._one_at_a_time:
            if (clip := _kept(path)) is not None:
                return clip
            return await self._render(voice, text, path)

    async def warm(self, code: str) -> int:
        """Render all that is spoken to travellers in one language ahead of time; gives how many clips exist."""
        keys = sorted(key for key in self._catalogue.keys if key.split(".")[0] in SPOKEN)
        clips = [await self.wav(code, key) for key in keys]
        return sum(clip is not None for clip in clips)

    async def _render(self, voice: str, text: str, path: Path) -> bytes | None:
        # -w, not --stdout: only a seekable file gets true lengths in its header
        if self._program is None or sum(1 for _ in self._folder.iterdir()) >= MAX_CLIPS:
            return None
        with tempfile.TemporaryDirectory(dir=self._folder.parent, prefix="voice-") as scratch:
            fresh = Path(scratch) / "clip.wav"
            options = ("-v", voice, "-s", str(WORDS_PER_MINUTE), "-g", "3", "-w", str(fresh), "--stdin")
            if not await self._run((self._program, *options), text) or (clip := _kept(fresh)) is None:
                _log.warning("voice %s gave no clip for %d letters", voice, len(text))
                return None
            fresh.replace(path)
            return clip

    async def _run(self, command: tuple[str, ...], text: str) -> bool:
        pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=nowhere, stderr=nowhere)
        except OSError:
            return False
        try:
            async with asyncio.timeout(self._timeout_s):
                await process.communicate(text.encode())
        except TimeoutError:
            return False
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode == 0


SPOKEN = frozenset(
    {"say", "hint", "asked", "receipt", "warning", "help", "month", "slip", "touch", "sound", "language"}
)
"""First parts of the keys that travellers hear."""


def _kept(path: Path) -> bytes | None:
    """A whole WAV file, or None: a file cut short by a power cut is made again."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    whole = len(data) > 44 and data[:4] == b"RIFF" and int.from_bytes(data[4:8], "little") == len(data) - 8
    return data if whole else None
