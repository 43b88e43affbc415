"""The U.are.U 4500 fingerprint reader on USB."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from drivers.api import FingerImage, Light, Progress, SensorClass
from drivers.bulk import Product, UsbLine
from drivers.deadline import Deadline
from drivers.errors import DeviceError, DeviceGone, DeviceTimeout, WireCorrupt
from drivers.fingerprint.uru4000_wire import (
    ASLEEP,
    IMAGE_BYTES_ASKED,
    INFO_BYTES,
    KEY_BYTES,
    PITCH_PPI,
    PRODUCT,
    READY,
    REBOOTED,
    REQUEST,
    STATUS_BYTES,
    STATUS_KEPT,
    VENDOR,
    BadImage,
    Event,
    Mode,
    RawImage,
    Register,
    event_of,
    is_whole,
    key_of,
    parse,
    picture,
    scramble_request,
    unscrambled,
)

READER = Product(VENDOR, PRODUCT)
POLL_S, POLLS = 0.01, 100
SCAN_POWER_S, POWER_UPS = 0.3, 3
IMAGE_S = 2.0  # it takes 0.13 s
LIFT_S = 2.0  # who has not lifted by then wants this finger read again
LIGHT_S = 4.0
DARKEN_S = 0.5
FINGER_SHARE, SENT_SHARE = 0.1, 0.8


def random_seed() -> int:
    """32 bits that hide the key on the cable."""
    return secrets.randbits(32)


class Uru4000Sensor:
    """One reader. `seed` gives what the keys of scrambled images are hidden with."""

    def __init__(self, device: str, line: UsbLine, *, seed: Callable[[], int] = random_seed) -> None:
        self._device = device
        self._line = line
        self._seed = seed
        self._awaits_lift = False

    @property
    def device(self) -> str:
        return self._device

    def capture(self, deadline: Deadline, progress: Progress) -> FingerImage:
        """Wait for a finger, take and read its image. Raises `DeviceError`.

        A finger that stays on the glass after an image is given `LIFT_S` to leave before it is read once more.
        """
        deadline.check(self._device)
        with self._dark_after_trouble():
            if self._awaits_lift:
                with suppress(DeviceTimeout):
                    self.until_lifted(deadline.within(LIFT_S))
            self._power_up(deadline)
            self._wait_for_finger(deadline)
            progress(FINGER_SHARE)
            pixels = picture(self._plain(self._image(deadline, progress), deadline))
            progress(1.0)
            self._set_mode(Mode.AWAIT_FINGER_OFF, deadline)
            self._awaits_lift = True
        return FingerImage(pixels, PITCH_PPI, self._device, SensorClass.OPTICAL)

    def until_lifted(self, deadline: Deadline) -> None:
        """Wait until the finger of the last image has left, then go dark. Raises `DeviceError`."""
        self._await(Event.FINGER_OFF, deadline)
        self._set_mode(Mode.OFF, deadline)
        self._awaits_lift = False

    def show(self, light: Light) -> None:
        """It glows by itself while it waits for a finger. OFF ends that; all others only prove that it is there."""
        deadline = Deadline(LIGHT_S)
        if light is Light.OFF:
            self._set_mode(Mode.OFF, deadline)
            self._awaits_lift = False
        else:
            self._status(deadline)

    def close(self) -> None:
        self._awaits_lift = False
        self._line.close()

    @contextmanager
    def _dark_after_trouble(self) -> Iterator[None]:
        try:
            yield
        except DeviceGone:
            self._awaits_lift = False
            raise
        except BaseException:
            self._awaits_lift = False
            with suppress(DeviceError):
                self._set_mode(Mode.OFF, Deadline(DARKEN_S))
            raise

    def _power_up(self, deadline: Deadline) -> None:
        """From whatever state it was left in to a scanner with power."""
        for tries_left in reversed(range(POWER_UPS)):
            self._line.forget_events(deadline)
            self._wake(deadline)
            try:
                self._await(Event.SCAN_POWER_ON, deadline.within(SCAN_POWER_S))
                break
            except DeviceTimeout:
                deadline.check(self._device)
                if not tries_left:
                    raise
        self._read(Register.DEVICE_INFO, INFO_BYTES, deadline)

    def _wake(self, deadline: Deadline) -> None:
        status = self._status(deadline)
        if status & REBOOTED == REBOOTED:
            self._set_status(status & STATUS_KEPT, deadline)
            status = self._polled(lambda now: bool(now & READY), deadline)
        if not status & ASLEEP:
            self._set_status(status | ASLEEP, deadline)
        self._set_status(status & STATUS_KEPT, deadline)
        self._polled(lambda now: not now & ASLEEP, deadline)

    def _polled(self, is_so: Callable[[int], bool], deadline: Deadline) -> int:
        """The hardware status once this is true of it. Raises `DeviceTimeout` when it never is."""
        for _ in range(POLLS):
            if is_so(status := self._status(deadline)):
                return status
            deadline.pause(self._device, POLL_S)
        raise DeviceTimeout(self._device, f"its status stays {status:02X}")

    def _wait_for_finger(self, deadline: Deadline) -> None:
        self._set_mode(Mode.AWAIT_FINGER_ON, deadline)
        self._await(Event.FINGER_ON, deadline)

    def _image(self, deadline: Deadline, progress: Progress) -> RawImage:
        with self._line.expect(IMAGE_BYTES_ASKED, is_whole, deadline) as arrival:
            self._set_mode(Mode.CAPTURE, deadline)
            data = arrival.wait(deadline.within(IMAGE_S))
        progress(SENT_SHARE)
        try:
            return parse(data)
        except BadImage as error:
            raise WireCorrupt(self._device, str(error)) from error

    def _plain(self, raw: RawImage, deadline: Deadline) -> RawImage:
        if not raw.is_scrambled:
            return raw
        return unscrambled(raw, tuple(self._key(number, deadline) for number in raw.key_numbers))

    def _key(self, number: int, deadline: Deadline) -> int:
        seed = self._seed()
        self._write(Register.SCRAMBLE_INDEX, scramble_request(number, seed), deadline)
        return key_of(self._read(Register.SCRAMBLE_KEY, KEY_BYTES, deadline), seed)

    def _await(self, event: Event, deadline: Deadline) -> None:
        """Hear events until it is this one; the others are of no use here."""
        while (heard := event_of(self._line.next_event(deadline))) != event:
            if heard == Event.DEATH:
                self._line.close()
                raise DeviceGone(self._device, "it says that it dies")

    def _set_mode(self, mode: Mode, deadline: Deadline) -> None:
        self._write(Register.MODE, bytes([mode]), deadline)

    def _status(self, deadline: Deadline) -> int:
        return self._read(Register.HARDWARE_STATUS, STATUS_BYTES, deadline)[0]

    def _set_status(self, status: int, deadline: Deadline) -> None:
        self._write(Register.HARDWARE_STATUS, bytes([status]), deadline)

    def _read(self, register: Register, count: int, deadline: Deadline) -> bytes:
        data = self._line.read(REQUEST, register, count, deadline)
        if len(data) != count:
            raise WireCorrupt(self._device, f"{len(data)} bytes of register {register.name} instead of {count}")
        return data

    def _write(self, register: Register, data: bytes, deadline: Deadline) -> None:
        self._line.write(REQUEST, register, data, deadline)
