"""The fetched checker is the reviewed one or none."""

from __future__ import annotations

import pytest

from scripts.axe import WrongPackage, fetch, unpack


def test_another_package_is_not_unpacked() -> None:
    with pytest.raises(WrongPackage, match="sha512-"):
        unpack(b"not the package")


def test_the_reviewed_package_is_axe() -> None:
    assert "axe v4.14.1" in fetch().read_text(encoding="utf-8")[:200]
