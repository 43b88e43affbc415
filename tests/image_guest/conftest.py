"""What the tests on the guest without systemd share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.image_guest.media import SMALL
from tests.image_guest.parts import small
from tests.image_guest.watching import made_here
from tests.image_guest.works import Works


@pytest.fixture(scope="module")
def small_works(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Works]:
    works = Works(tmp_path_factory.mktemp("works"), made_here(small), SMALL)
    try:
        yield works
    finally:
        works.end()
        shutil.rmtree(works.folder)
