"""Everything a device can do wrong, as exceptions with stable codes (docs/errors.md lists them)."""

from __future__ import annotations


class DeviceError(Exception):
    """A device or its wire failed; says nothing about the traveller.

    `code` is stable and printed in manuals; `retryable` says whether the same call may succeed soon.
    """

    code = "DEV-ANY"
    retryable = False

    def __init__(self, device: str, detail: str) -> None:
        super().__init__(f"{self.code} {device}: {detail}")
        self.device = device
        self.detail = detail


class DeviceGone(DeviceError):
    """Unplugged, switched off, or never there."""

    code = "DEV-GONE"
    retryable = True


class DocumentRemoved(DeviceError):
    """The document left the reader before it was read; the reader itself is well."""

    code = "DEV-REMOVED"
    retryable = True


class DeviceTimeout(DeviceError):
    """The deadline of this one call has passed."""

    code = "DEV-TIME"
    retryable = True


class WireCorrupt(DeviceError):
    """Bytes arrived that the protocol forbids."""

    code = "DEV-WIRE"
    retryable = True


class DeviceRefused(DeviceError):
    """The device understood and said no (wrong password, unsupported command, bad status)."""

    code = "DEV-REFUSED"


class PaperOut(DeviceError):
    """The printer has no paper, or its paper has jammed."""

    code = "DEV-PAPER"


class CoverOpen(DeviceError):
    """The printer's cover stands open."""

    code = "DEV-COVER"


class Cancelled(DeviceError):
    """The caller left; not a fault."""

    code = "DEV-CANCELLED"


ALL: tuple[type[DeviceError], ...] = (
    DeviceGone,
    DocumentRemoved,
    DeviceTimeout,
    WireCorrupt,
    DeviceRefused,
    PaperOut,
    CoverOpen,
    Cancelled,
)
