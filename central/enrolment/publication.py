"""The revocation list as a file beside the broker: written when the register has changed, and anew before it runs out.

It is made from the register each time, so what a power cut prevented is done at the next look.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from central.certificates import EARLIER, Revoked
from central.enrolment.eviction import Pass
from central.enrolment.office import Office
from central.files import write_whole

RENEW_S = 24 * 3600
EVICTIONS = "evictions"
"""Names of lanes, one a line, whose open connections are to be ended still."""


class Publication:
    """`path`: what the broker reads as its `crlfile`. Entries there that the register does not know stay.

    `evict` ends a lane's open connection; who is to be evicted stands in a file beside the list before the list is
    written, and until it was done, so that neither a power cut nor a broker that is away leaves anybody connected.
    """

    def __init__(
        self,
        path: Path,
        office: Office,
        now: Callable[[], datetime],
        told: Callable[[], None],
        evict: Callable[[Pass], None] | None = None,
    ) -> None:
        self._path = path
        self._office = office
        self._now = now
        self._told = told
        self._evict = evict
        self._version = -1
        self._evictions = path.with_name(EVICTIONS)

    def look(self) -> bool:
        """Whether a new list was written. Raises OSError, StoreUnavailable: at the next look it is tried again."""
        is_new = self._write()
        if self._evict is not None:
            self._end_connections(self._evict)
        return is_new

    def _write(self) -> bool:
        version = self._office.version()
        there = read_list(self._path)
        if version == self._version and there is not None and not self._is_old(there):
            return False
        entries = [] if there is None else [Revoked(one.serial_number, one.revocation_date_utc) for one in there]
        if self._evict is not None:
            self._remember(self._pending() | self._office.cut_off({one.serial for one in entries}))
        made = self._office.revocation_list(entries, above=_number(there))
        write_whole(self._path, made.public_bytes(Encoding.PEM))
        self._told()
        self._version = version
        return True

    def _end_connections(self, evict: Callable[[Pass], None]) -> None:
        for kiosk in sorted(self._pending()):
            shown = self._office.passed(kiosk)
            if shown is not None:
                evict(shown)
            self._remember(self._pending() - {kiosk})

    def _pending(self) -> frozenset[str]:
        there = self._evictions
        return frozenset(there.read_text(encoding="ascii").split()) if there.exists() else frozenset()

    def _remember(self, kiosks: frozenset[str]) -> None:
        if kiosks != self._pending():
            write_whole(self._evictions, "".join(f"{kiosk}\n" for kiosk in sorted(kiosks)).encode("ascii"))

    def _is_old(self, there: x509.CertificateRevocationList) -> bool:
        age = self._now() - (there.last_update_utc + EARLIER)
        return not -EARLIER < age < timedelta(seconds=RENEW_S)  # a list of tomorrow is no list either


def read_list(path: Path) -> x509.CertificateRevocationList | None:
    """None: there is none yet. ValueError: the file is no revocation list; nobody guesses what it said."""
    if not path.exists():
        return None
    return x509.load_pem_x509_crl(path.read_bytes())


def tell_broker(pid_file: Path | None) -> None:
    """SIGHUP: mosquitto reads its list again. Without a pid file somebody else tells it."""
    if pid_file is not None:
        os.kill(int(pid_file.read_text(encoding="ascii")), signal.SIGHUP)


def _number(there: x509.CertificateRevocationList | None) -> int:
    if there is None:
        return 0
    return there.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
