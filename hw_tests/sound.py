"""What the board's own microphone hears while its loudspeaker plays: each tone against everything else, in decibels."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import numpy as np
from numpy.typing import NDArray

from hw_tests.station import Station

RATE_HZ = 16000
WINDOW = RATE_HZ // 5  # samples: half of a tone's time
REACH_HZ = 15.0
TONES_HZ = (500.0, 800.0, 1300.0)  # as page.js plays them; none is a multiple of another
START_S, END_S = 10.0, 5.0
ARGUMENTS = ("-q", "-t", "raw", "-f", "S16_LE", "-r", str(RATE_HZ), "-c", "1", "-D")


class Heard:
    """Filled when the recording has ended."""

    samples: NDArray[np.int16] = np.zeros(0, np.int16)


@contextmanager
def recording(station: Station) -> Iterator[Heard | None]:
    """Records with arecord while the block runs; None: there is no microphone, or no command to record with."""
    program = shutil.which("arecord", path=station.path)
    if "record" not in station.sound or program is None:
        yield None
        return
    heard = Heard()
    with tempfile.TemporaryFile() as kept:
        recorder = subprocess.Popen([program, *ARGUMENTS, station.sound["record"]], stdout=kept)
        try:
            _await_first(recorder, kept)
            yield heard
        finally:
            recorder.terminate()
            recorder.wait(END_S)
        kept.seek(0)
        data = kept.read()
    heard.samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16)


def _await_first(recorder: subprocess.Popen[bytes], kept: IO[bytes]) -> None:
    """Until it truly records, so that the first tone is not missed; a dead microphone is waited for a while."""
    ends_s = time.monotonic() + START_S
    while os.fstat(kept.fileno()).st_size == 0 and recorder.poll() is None and time.monotonic() < ends_s:
        time.sleep(0.05)


def tones_db(samples: NDArray[np.int16]) -> float:
    """The faintest of the three tones, each where it is strongest against all else in the same fifth of a second."""
    count = len(samples) // WINDOW
    if count == 0:
        return -100.0
    windows = samples[: count * WINDOW].reshape(count, WINDOW) * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(windows, axis=1)) ** 2
    hertz = np.fft.rfftfreq(WINDOW, 1 / RATE_HZ)
    whole = power.sum(axis=1)
    near = (power[:, np.abs(hertz - tone) <= REACH_HZ].sum(axis=1) for tone in TONES_HZ)
    return min(float(np.max(_db(tone, whole - tone))) for tone in near)


def _db(tone: NDArray[np.float64], rest: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(10 * np.log10((tone + 1) / (rest + 1)))
