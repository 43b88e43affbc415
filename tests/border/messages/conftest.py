"""One honest record, packed once for all message tests."""

from __future__ import annotations

import pytest

from border.messages.envelope import Packed, pack
from tests.border.messages.forgery import DRAFT, SAMPLE
from tests.border.messages.keys import KIOSK, READER


@pytest.fixture(scope="session")
def packed() -> Packed:
    return pack(DRAFT, [SAMPLE], KIOSK, READER.public())
