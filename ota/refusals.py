"""Why an update does not go on: what was refused, by name, and what only has to wait. And why nothing was published."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Stable; each with its meaning and the next step in docs/errors.md."""

    # refused: someone or something is wrong, and trying again changes nothing
    REPLAYED = "OTA-REPLAYED"
    EXPIRED = "OTA-EXPIRED"
    UNSIGNED = "OTA-UNSIGNED"
    GARBLED = "OTA-GARBLED"
    ENDLESS = "OTA-ENDLESS"
    NOT_MINE = "OTA-NOT-MINE"
    UNKNOWN = "OTA-UNKNOWN"
    DISAGREE = "OTA-DISAGREE"
    HARDWARE = "OTA-HARDWARE"
    OLDER = "OTA-OLDER"
    CONTENT = "OTA-CONTENT"
    GIVEN_UP = "OTA-GIVEN-UP"
    BUNDLE = "OTA-BUNDLE"
    MANIFEST = "OTA-MANIFEST"
    MODELS = "OTA-MODELS"
    # tried, and taken back
    GATE = "OTA-GATE"
    NEVER_UP = "OTA-NEVER-UP"
    CUT = "OTA-CUT"
    # to be tried again later
    OFFLINE = "OTA-OFFLINE"
    NO_SPACE = "OTA-NO-SPACE"
    RAUC = "OTA-RAUC"
    STREAM = "OTA-STREAM"
    STICK = "OTA-STICK"


class Refused(Exception):
    """This update, or this answer of a server, is not believed."""

    def __init__(self, code: Code, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code


class Later(Exception):
    """Nothing is wrong with the update; the way to it, or the room for it, is."""

    def __init__(self, code: Code, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code, self.why = code, why


class PublishCode(StrEnum):
    """Of the publishing side; stable, and in docs/errors.md like the others."""

    THRESHOLD = "RELEASE-THRESHOLD"
    STALE = "RELEASE-STALE"
    CONTENT = "RELEASE-CONTENT"
    CHANGED = "RELEASE-CHANGED"
    KEY = "RELEASE-KEY"
    ROOT = "RELEASE-ROOT"
    SCHEME = "RELEASE-SCHEME"
    TOKEN = "RELEASE-TOKEN"  # noqa: S105 - a device that holds keys
    BUNDLE = "RELEASE-BUNDLE"
    STICK = "RELEASE-STICK"
    MODELS = "RELEASE-MODELS"


class Unpublished(Exception):
    """Nothing was signed, or nothing was published."""

    def __init__(self, code: PublishCode, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code
