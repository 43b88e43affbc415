"""A lane's chain where its storage or its board is another one than before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.keys import Keys
from appliance.post.chain import BEGINNING, read_start
from appliance.post.journal import Journal
from appliance.post.schema import JournalUnsafe, open_database
from appliance.post.storage import Disk
from border.ledger import next_head
from border.messages.cose import SoftwareSigner
from border.messages.values import RecordKind
from tests.post.world import DEVICE_KEY, FOREIGN_KEY, KIOSK, crossing, keys

HEAD = bytes(range(32))
PLENTY = Disk(lambda: 10**12, 0, 0)


def opened(folder: Path, held: Keys | None = None) -> Journal:
    return Journal(open_database(folder / "journal"), held or keys(), PLENTY, start=read_start(folder))


def record(journal: Journal) -> tuple[int, bytes]:
    one = crossing()
    done = journal.record(RecordKind.ENCOUNTER, one.id, one.facts, one.samples, one.at)
    return done.seq, done.digest


def test_a_new_storage_goes_on_where_headquarters_ends(tmp_path: Path) -> None:
    (tmp_path / "chain").write_text(f"43 {HEAD.hex()}\n")
    journal = opened(tmp_path)
    assert journal.head() == (42, HEAD)
    seq, digest = record(journal)
    assert (seq, journal.head()) == (43, (43, next_head(HEAD, digest)))
    journal.close()
    journal = opened(tmp_path)
    assert record(journal)[0] == 44
    journal.close()
    (tmp_path / "chain").write_text(f"43 {bytes(32).hex()}\n")
    with pytest.raises(JournalUnsafe):
        opened(tmp_path)


def test_a_storage_that_began_with_one_does_not_listen_to_it(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    record(journal)
    journal.close()
    (tmp_path / "chain").write_text(f"43 {HEAD.hex()}\n")
    journal = opened(tmp_path)
    assert record(journal)[0] == 2
    journal.close()


@pytest.mark.parametrize("text", ["", "43", "0 00", "x " + HEAD.hex(), f"0 {HEAD.hex()}", f"5 {HEAD.hex()[:-2]}"])
def test_what_is_no_place_in_a_chain_is_its_beginning(tmp_path: Path, text: str) -> None:
    (tmp_path / "chain").write_text(text)
    assert read_start(tmp_path) == BEGINNING


def test_what_an_earlier_board_signed_is_believed_when_it_is_named_and_else_not(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for _ in range(64):  # a checkpoint
        record(journal)
    journal.close()
    mine = replace(keys(), signer=SoftwareSigner(FOREIGN_KEY, KIOSK), device=FOREIGN_KEY.public_key())
    with pytest.raises(JournalUnsafe):
        opened(tmp_path, mine)
    former: tuple[ec.EllipticCurvePublicKey, ...] = (DEVICE_KEY.public_key(),)
    journal = opened(tmp_path, replace(mine, former=former))
    assert record(journal)[0] == 65
    journal.close()
