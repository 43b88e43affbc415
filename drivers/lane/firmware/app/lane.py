"""Lamp and gate, as the kiosk orders and as silence and time take back. No pin, no clock: `now` is milliseconds."""

STOP, WAIT, GO = 0, 1, 2
SILENCE_MS = 500  # a kiosk that is not heard for so long is gone
MAX_OPEN_MS = 15000
FLASH_MS = 500


class Lane:
    """Begins closed and at STOP, and goes there whenever it is in doubt."""

    def __init__(self):
        self.lamp = STOP
        self.is_silent = True
        self._shuts_at = None
        self._heard_at = 0

    @property
    def is_open(self):
        return self._shuts_at is not None

    def order(self, lamp, open_ms, now):
        """True when obeyed; an order that makes no sense changes nothing."""
        if lamp not in (STOP, WAIT, GO) or open_ms > MAX_OPEN_MS or (open_ms and lamp != GO):
            return False
        self.lamp = lamp
        self._shuts_at = now + open_ms if open_ms else None
        return True

    def heard(self, now):
        """Anything valid from the kiosk."""
        self._heard_at = now
        self.is_silent = False

    def tick(self, now):
        """Take back what time has run out for."""
        if now - self._heard_at >= SILENCE_MS:
            self.is_silent = True
            self.lamp, self._shuts_at = STOP, None
        if self._shuts_at is not None and now >= self._shuts_at:
            self.lamp, self._shuts_at = STOP, None

    def outputs(self, now):
        """(red, green, gate), each 0 or 1."""
        red = self.lamp == STOP or (self.lamp == WAIT and now // FLASH_MS % 2 == 0)
        return int(red), int(self.lamp == GO), int(self.is_open)
