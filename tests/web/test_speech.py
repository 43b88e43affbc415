"""The voice with the real espeak-ng, and without it."""

from __future__ import annotations

import asyncio
import io
import time
import wave
from pathlib import Path

import pytest

from appliance.web.catalogue import Catalogue
from appliance.web.speech import Speech
from tests.web.conftest import scratch


def seconds(clip: bytes) -> float:
    with wave.open(io.BytesIO(clip)) as file:
        return float(file.getnframes() / file.getframerate())


@pytest.mark.parametrize("code", ["en", "es", "fr", "ht"])
def test_each_language_has_a_voice_that_says_a_sentence(catalogue: Catalogue, tmp_path: Path, code: str) -> None:
    clip = asyncio.run(Speech(catalogue, tmp_path / "voice").wav(code, "say.document"))
    assert clip is not None
    assert 2.0 < seconds(clip) < 20.0


def test_a_clip_is_rendered_once_and_kept(catalogue: Catalogue, tmp_path: Path) -> None:
    speech = Speech(catalogue, tmp_path)
    first = asyncio.run(speech.wav("en", "touch.help"))
    (kept,) = tmp_path.glob("*.wav")
    before = kept.stat().st_mtime_ns
    assert asyncio.run(speech.wav("en", "touch.help")) == first
    assert kept.stat().st_mtime_ns == before


def test_a_clip_cut_short_by_a_power_cut_is_made_again(catalogue: Catalogue, tmp_path: Path) -> None:
    speech = Speech(catalogue, tmp_path)
    whole = asyncio.run(speech.wav("en", "touch.help"))
    assert whole is not None
    (kept,) = tmp_path.glob("*.wav")
    kept.write_bytes(whole[: len(whole) // 2])
    assert asyncio.run(speech.wav("en", "touch.help")) == whole


@pytest.mark.parametrize(("code", "key"), [("en", "no.such.key"), ("xx", "touch.help"), ("en", "officer.taken_by")])
def test_what_is_not_a_fixed_text_is_not_spoken(catalogue: Catalogue, tmp_path: Path, code: str, key: str) -> None:
    assert asyncio.run(Speech(catalogue, tmp_path).wav(code, key)) is None


def test_without_espeak_pages_are_silent_and_say_so(catalogue: Catalogue, tmp_path: Path) -> None:
    speech = Speech(catalogue, tmp_path, program="no-such-voice")
    assert not speech.is_ready
    assert asyncio.run(speech.wav("en", "touch.help")) is None


def test_a_voice_that_hangs_is_stopped_in_time(catalogue: Catalogue, tmp_path: Path) -> None:
    slow = scratch(tmp_path, "slow", "#!/bin/sh\nexec sleep 20\n")
    speech = Speech(catalogue, tmp_path / "voice", program=str(slow), timeout_s=0.2)
    began = time.monotonic()
    assert asyncio.run(speech.wav("en", "touch.help")) is None
    assert time.monotonic() - began < 15


@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\nexit 0\n", "not a program"])
def test_a_voice_that_gives_nothing_is_silence(catalogue: Catalogue, tmp_path: Path, script: str) -> None:
    broken = scratch(tmp_path, "broken", script)
    speech = Speech(catalogue, tmp_path / "voice", program=str(broken))
    assert asyncio.run(speech.wav("en", "touch.help")) is None


def test_many_askers_get_the_same_clip_from_one_rendering(catalogue: Catalogue, tmp_path: Path) -> None:
    async def ask() -> list[bytes | None]:
        speech = Speech(catalogue, tmp_path / "voice")
        return await asyncio.gather(*(speech.wav("fr", "touch.help") for _ in range(5)))

    clips = asyncio.run(ask())
    assert clips[0] is not None
    assert set(clips) == {clips[0]}


def test_all_that_travellers_hear_can_be_rendered_ahead(catalogue: Catalogue, tmp_path: Path) -> None:
    spoken = [key for key in catalogue.keys if key.startswith(("hint.", "say.", "asked."))]
    assert asyncio.run(Speech(catalogue, tmp_path).warm("ht")) >= len(spoken)
