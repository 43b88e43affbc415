"""The tamper latch: set when the housing opens, through every loss of power, until a signature clears it."""

import os

from files import read, remove, sha256, write
from p256 import verify
from wire import BAD_SIGNATURE, NO_KEY, NOT_NOW, OK

LATCH = "tamper"  # the file: its being there is the latch, in it the second (UTC) or 0
PURPOSE = b"landfall lane tamper 1"
NEVER = 0xFFFFFFFF


class Tamper:
    """`kiosk_key`: x and y of the kiosk whose signature clears; None: nobody's does."""

    def __init__(self, board, kiosk_key):
        self._board = board
        self._key = kiosk_key
        said = read(LATCH)
        self.is_latched = bool(said)
        self._latched_at = None  # milliseconds of this run; None: before it
        self._latched_utc = int(said) if said.strip().isdigit() else 0
        self._utc_less_now_ms = None
        self._challenge = None

    def told_utc(self, utc_s, now):
        """The kiosk says what time it is; 0: it does not know."""
        if utc_s:
            self._utc_less_now_ms = utc_s * 1000 - now
            if self.is_latched and not self._latched_utc and self._latched_at is not None:
                self._latch_file((self._latched_at + self._utc_less_now_ms) // 1000)

    def opened(self, now):
        """True when this is the opening that sets the latch. On the flash before it returns."""
        if self.is_latched:
            return False
        self.is_latched, self._latched_at = True, now
        self._latch_file(0 if self._utc_less_now_ms is None else (now + self._utc_less_now_ms) // 1000)
        return True

    def _latch_file(self, utc_s):
        self._latched_utc = utc_s
        write(LATCH, str(utc_s))

    def age_ms(self, now):
        """Since the opening that set the latch; NEVER when nobody knows."""
        if self._latched_at is not None:
            return min(now - self._latched_at, NEVER - 1)
        if self._latched_utc and self._utc_less_now_ms is not None:
            return max(0, min(now + self._utc_less_now_ms - self._latched_utc * 1000, NEVER - 1))
        return NEVER

    def challenge(self):
        """16 fresh bytes; they serve for one answer."""
        self._challenge = os.urandom(16)
        return self._challenge

    def clear(self, signature, still_open):
        """A generator that returns a status: the latch falls for a signature over this board and its challenge."""
        challenge, self._challenge = self._challenge, None
        if challenge is None or still_open():
            return NOT_NOW
        if self._key is None:
            return NO_KEY
        digest = sha256(PURPOSE + self._board + challenge)
        if not (yield from verify(self._key, digest, signature)):
            return BAD_SIGNATURE
        if still_open():
            return NOT_NOW
        remove(LATCH)
        self.is_latched, self._latched_at, self._latched_utc = False, None, 0
        return OK
