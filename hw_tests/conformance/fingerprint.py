"""What every fingerprint sensor must keep, on a simulator and on the bench."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from drivers.api import FingerprintSensor, Light, Pixels, SensorClass
from drivers.deadline import Deadline
from drivers.errors import Cancelled, DeviceError, DeviceGone, DeviceRefused, DeviceTimeout
from hw_tests.conformance.rig import needs, soon, within


@dataclass(frozen=True, slots=True)
class FingerprintRig:
    """One sensor and the finger before it. A knob that is None cannot be turned here: its tests are skipped."""

    sensor: FingerprintSensor
    shape: tuple[int, int]  # height, width
    capture_s: float  # longest honest time from finger to image
    place: Callable[[], None]
    lift: Callable[[], None]
    unplug: Callable[[], None]
    replug: Callable[[], None]
    expected: Pixels | None = None  # the impression as it must arrive, where that is known to the pixel
    mute: Callable[[bool], None] | None = None
    delay: Callable[[float], None] | None = None
    wrong_status: Callable[[bool], None] | None = None


def nobody(_share: float) -> None:
    """A progress listener that does not listen."""


class FingerprintConformance:
    """Subclass it as `Test...` and give it a fixture `rig`. Every test begins with no finger on the glass."""

    def test_reads_the_impression_on_the_glass(self, rig: FingerprintRig) -> None:
        rig.place()
        image = rig.sensor.capture(Deadline(rig.capture_s + 5), nobody)
        assert image.pixels.shape == rig.shape
        assert not image.pixels.flags.writeable
        assert image.sensor == rig.sensor.device
        assert image.sensor_class in SensorClass
        assert 250 <= image.pitch_ppi <= 1000
        if rig.expected is not None:
            assert np.array_equal(image.pixels, rig.expected)

    def test_waits_for_a_finger(self, rig: FingerprintRig) -> None:
        with soon(rig.place, after_s=0.6):
            image = rig.sensor.capture(Deadline(rig.capture_s + 5), nobody)
        assert image.pixels.shape == rig.shape

    def test_no_finger_is_a_timeout_and_in_time(self, rig: FingerprintRig) -> None:
        with within(1), pytest.raises(DeviceTimeout):
            rig.sensor.capture(Deadline(1), nobody)

    def test_a_deadline_already_over_is_a_timeout(self, rig: FingerprintRig) -> None:
        with within(0), pytest.raises(DeviceTimeout):
            rig.sensor.capture(Deadline(0), nobody)

    def test_a_caller_who_leaves_is_let_go_at_once(self, rig: FingerprintRig) -> None:
        deadline = Deadline(60)
        with within(0.8), soon(deadline.cancel, after_s=0.8), pytest.raises(Cancelled):
            rig.sensor.capture(deadline, nobody)

    def test_a_caller_who_leaves_while_the_image_is_read_harms_nobody(self, rig: FingerprintRig) -> None:
        rig.place()
        deadline = Deadline(60)

        def leave(share: float) -> None:
            if share > 0.3:
                deadline.cancel()

        with pytest.raises(Cancelled):
            rig.sensor.capture(deadline, leave)
        image = rig.sensor.capture(Deadline(2 * rig.capture_s + 5), nobody)
        if rig.expected is not None:
            assert np.array_equal(image.pixels, rig.expected)

    def test_progress_rises_to_one(self, rig: FingerprintRig) -> None:
        rig.place()
        shares: list[float] = []
        rig.sensor.capture(Deadline(rig.capture_s + 5), shares.append)
        assert shares[-1] == 1.0
        assert all(0.0 <= share <= 1.0 for share in shares)
        assert all(earlier < later for earlier, later in itertools.pairwise(shares))

    def test_unplugged_is_gone_and_replugged_captures_again(self, rig: FingerprintRig) -> None:
        with within(1), soon(rig.unplug, after_s=0.8), pytest.raises(DeviceGone):
            rig.sensor.capture(Deadline(30), nobody)
        with within(0.5), pytest.raises(DeviceGone):
            rig.sensor.capture(Deadline(30), nobody)
        rig.replug()
        rig.place()
        assert rig.sensor.capture(Deadline(rig.capture_s + 5), nobody).pixels.shape == rig.shape

    def test_close_is_safe_twice_and_a_later_call_opens_again(self, rig: FingerprintRig) -> None:
        rig.sensor.close()
        rig.sensor.close()
        rig.place()
        assert rig.sensor.capture(Deadline(rig.capture_s + 5), nobody).pixels.shape == rig.shape
        rig.sensor.close()
        rig.sensor.close()

    def test_every_light_can_be_shown(self, rig: FingerprintRig) -> None:
        for light in Light:
            rig.sensor.show(light)

    def test_a_mute_sensor_is_a_timeout_and_recovers(self, rig: FingerprintRig) -> None:
        mute = needs(rig.mute, "silence the sensor")
        rig.place()
        mute(True)
        with within(4), pytest.raises(DeviceTimeout):
            rig.sensor.capture(Deadline(30), nobody)
        mute(False)
        assert rig.sensor.capture(Deadline(rig.capture_s + 5), nobody).pixels.shape == rig.shape

    def test_an_answer_that_comes_too_late_does_not_answer_the_next_question(self, rig: FingerprintRig) -> None:
        delay = needs(rig.delay, "delay the sensor")
        rig.place()
        rig.sensor.capture(Deadline(rig.capture_s + 5), nobody)
        rig.lift()
        delay(3.0)
        with pytest.raises(DeviceTimeout):
            rig.sensor.capture(Deadline(2.8), nobody)  # its "no finger" is still under way
        delay(0.0)
        rig.place()
        image = rig.sensor.capture(Deadline(rig.capture_s + 8), nobody)
        if rig.expected is not None:
            assert np.array_equal(image.pixels, rig.expected)

    def test_a_sensor_that_says_no_is_refused(self, rig: FingerprintRig) -> None:
        wrong = needs(rig.wrong_status, "make the sensor refuse")
        rig.place()
        rig.sensor.capture(Deadline(rig.capture_s + 5), nobody)
        wrong(True)
        with within(2), pytest.raises(DeviceRefused):
            rig.sensor.capture(Deadline(30), nobody)
        wrong(False)
        assert rig.sensor.capture(Deadline(rig.capture_s + 5), nobody).pixels.shape == rig.shape

    def test_errors_name_the_device(self, rig: FingerprintRig) -> None:
        with pytest.raises(DeviceError) as caught:
            rig.sensor.capture(Deadline(0), nobody)
        assert caught.value.device == rig.sensor.device
