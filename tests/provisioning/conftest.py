"""What the provisioning tests share: a token, for the library reads its configuration once in a process."""

from __future__ import annotations

import pytest

from tests.provisioning.chips import a_token


@pytest.fixture(scope="session")
def token(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The module of a SoftHSM2 with one token named landfall."""
    return a_token(tmp_path_factory.mktemp("token") / "hsm")
