"""The journal: one transaction or nothing, a chain without a gap, and a disk that may be full or fail."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from appliance.post import schema
from appliance.post.journal import Journal, Retention
from appliance.post.schema import JournalUnsafe, open_database
from appliance.post.storage import Disk, StorageFull
from appliance.post.store import case
from border.encounter import SampleKind
from border.ledger import GENESIS, next_head, open_checkpoint
from border.messages.envelope import Opened, open_part, open_record
from border.messages.errors import MessageError
from border.messages.values import AlarmKind, ReceiptBatch, ReceiptStatus, RecordKind
from tests.post.world import (
    AREA,
    DEVICE_KEY,
    KIOSK,
    SEAL,
    START_MS,
    Crossing,
    crossing,
    keys,
    open_journal,
    stamp,
)
from tests.reporting.answers import receipt

ALL_KINDS = tuple((kind, 2000) for kind in SampleKind)


def record(journal: Journal, one: Crossing) -> str:
    return journal.record(RecordKind.ENCOUNTER, one.id, one.facts, one.samples, one.at).id


def header(journal: Journal, id: str) -> Opened:
    query = "SELECT topic, payload FROM outbox WHERE record = ? AND slot = 0"
    topic, payload = journal.db.execute(query, (id,)).fetchone()
    return open_record(topic, payload, DEVICE_KEY.public_key(), SEAL)


def rows(journal: Journal, table: str) -> int:
    return int(journal.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_settings_that_a_power_cut_would_punish_are_read_back(tmp_path: Path) -> None:
    database = open_database(tmp_path / "journal")
    found = {name: database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")}
    pages = database.execute("PRAGMA page_size").fetchone()[0]
    database.close()
    assert (found, pages) == ({"synchronous": 2, "journal_mode": "wal"}, 16384)


def test_a_file_with_other_pages_is_not_opened(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "journal") as other:
        other.execute("PRAGMA page_size = 4096")
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE something (a)")
    other.close()
    with pytest.raises(JournalUnsafe, match="page_size is 4096"):
        open_database(tmp_path / "journal")


def test_a_file_of_a_newer_program_is_not_opened(tmp_path: Path) -> None:
    database = open_database(tmp_path / "journal")
    database.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    database.close()
    with pytest.raises(JournalUnsafe, match="newer"):
        open_database(tmp_path / "journal")


def test_a_record_is_whole_numbered_and_can_be_opened_by_the_centre(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal")
    one = crossing(((SampleKind.FACE, 120_000), (SampleKind.FINGER, 9_000)))
    done = journal.record(RecordKind.ENCOUNTER, one.id, one.facts, one.samples, one.at)
    opened = header(journal, one.id)
    assert (done.seq, done.digest) == (1, opened.digest)
    assert opened.facts == one.facts
    for part, given in zip(opened.record.parts, one.samples, strict=True):
        query = "SELECT payload FROM outbox WHERE part = ? ORDER BY slice"
        sealed = b"".join(row[0] for row in journal.db.execute(query, (part.sha256,)).fetchall())
        assert open_part(part, sealed, SEAL, kiosk=KIOSK, encounter=one.id) == given.data
    journal.close()


def test_the_chain_has_no_gap_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    ids = []
    for _ in range(3):
        journal = open_journal(tmp_path / "journal")
        ids += [record(journal, crossing()) for _ in range(3)]
        journal.close()
    journal = open_journal(tmp_path / "journal")
    opened = [header(journal, id) for id in ids]
    head = GENESIS
    for seq, one in enumerate(opened, start=1):
        assert (one.record.seq, one.record.previous) == (seq, head)
        head = next_head(head, one.digest)
    assert journal.head() == (9, head)
    journal.close()


def test_every_sixty_fourth_head_is_signed(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal")
    heads = []
    for _ in range(65):
        record(journal, crossing(()))
        heads.append(journal.head())
    (seq, signed), *others = journal.db.execute("SELECT seq, signed FROM checkpoints").fetchall()
    checkpoint = open_checkpoint(signed, DEVICE_KEY.public_key())
    assert (others, seq, (checkpoint.seq, checkpoint.head)) == ([], 64, heads[63])
    journal.close()


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE ledger SET digest = zeroblob(32) WHERE seq = 2",
        "UPDATE ledger SET head = zeroblob(32) WHERE seq = 2",
        "DELETE FROM encounters WHERE seq = 2; DELETE FROM ledger WHERE seq = 2",
    ],
)
def test_a_ledger_that_was_touched_is_not_opened(tmp_path: Path, harm: str) -> None:
    journal = open_journal(tmp_path / "journal")
    for _ in range(4):
        record(journal, crossing(()))
    for statement in harm.split(";"):
        journal.db.execute(statement)
    journal.close()
    with pytest.raises(JournalUnsafe, match=r"broken at [23]"):
        open_journal(tmp_path / "journal")


def test_a_checkpoint_that_was_touched_or_taken_from_elsewhere_breaks_the_chain(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal")
    for _ in range(128):
        record(journal, crossing(()))
    assert journal.first_break() is None
    (first,) = journal.db.execute("SELECT signed FROM checkpoints WHERE seq = 64").fetchone()
    for harmed in (first, first[:-1] + bytes([first[-1] ^ 1])):
        journal.db.execute("UPDATE checkpoints SET signed = ? WHERE seq = 128", (harmed,))
        assert journal.first_break() == 128
    journal.close()


def test_a_fact_that_was_touched_on_the_disk_is_not_shown(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal")
    one, other = crossing(()), crossing(())
    record(journal, one)
    record(journal, other)
    (signed,) = journal.db.execute("SELECT recommended FROM encounters WHERE encounter = ?", (other.id,)).fetchone()
    harmed = signed[:-1] + bytes([signed[-1] ^ 1])
    journal.db.execute("UPDATE encounters SET recommended = ? WHERE encounter = ?", (harmed, one.id))
    with pytest.raises(MessageError):
        case(journal, one.id)
    journal.close()


def test_the_journal_belongs_to_one_thread(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal")
    caught: list[BaseException] = []

    def elsewhere() -> None:
        try:
            record(journal, crossing())
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert "one thread" in str(caught[0])
    journal.close()


def test_below_the_hard_mark_no_record_is_taken_and_nothing_is_left_of_it(tmp_path: Path) -> None:
    free = [10_000]
    journal = open_journal(tmp_path / "journal", free=lambda: free[0])
    record(journal, crossing())
    free[0] = -(10**9)
    with pytest.raises(StorageFull, match="watermark"):
        record(journal, crossing())
    assert (rows(journal, "ledger"), rows(journal, "encounters")) == (1, 1)
    free[0] = 10_000
    record(journal, crossing())
    assert journal.head()[0] == 2
    journal.close()


def test_below_the_soft_mark_optional_samples_are_dropped_and_facts_kept(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal", free=lambda: 0, soft=10**9, hard=0)
    one = crossing(ALL_KINDS)
    record(journal, one)
    kinds = {row[0] for row in journal.db.execute("SELECT kind FROM samples").fetchall()}
    opened = header(journal, one.id)
    assert kinds == {"face", "finger", "portrait", "portrait_printed"}
    assert {part.kind.value for part in opened.record.parts} == {"face", "finger", "portrait", "portrait_printed"}
    assert opened.facts == one.facts  # the fact still names what was captured
    journal.close()


def test_pages_that_will_be_used_again_count_as_room() -> None:
    disk = Disk(lambda: 500, soft_bytes=2000, hard_bytes=1000)
    assert [disk.room(reusable).value for reusable in (0, 600, 1600)] == ["none", "scarce", "ample"]


def test_a_disk_that_is_really_full_leaves_nothing_half_written(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal")
    record(journal, crossing())
    pages = journal.db.execute("PRAGMA page_count").fetchone()[0]
    journal.db.execute(f"PRAGMA max_page_count = {pages + 2}")
    before = {table: rows(journal, table) for table in ("ledger", "encounters", "samples", "outbox")}
    with pytest.raises(StorageFull, match="SQLITE_FULL"):
        record(journal, crossing(((SampleKind.FACE, 400_000),)))
    assert {table: rows(journal, table) for table in before} == before
    journal.db.execute("PRAGMA max_page_count = 100000")
    record(journal, crossing())
    assert journal.first_break() is None
    journal.close()


FULL_FILE_SYSTEM = """
import resource, signal, sys
from pathlib import Path
from tests.post.world import crossing, open_journal
from appliance.post.storage import StorageFull
from border.encounter import SampleKind
from border.messages.values import RecordKind
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = open_journal(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (2_200_000, 2_200_000))
done = 0
while True:
    one = crossing(((SampleKind.FACE, 60_000),))
    try:
        journal.record(RecordKind.ENCOUNTER, one.id, one.facts, one.samples, one.at)
    except StorageFull as error:
        print(done, journal.head()[0], error.detail)
        break
    done += 1
"""


def test_a_write_that_the_system_refuses_is_storage_full_and_earlier_records_stand(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    command = [sys.executable, "-c", FULL_FILE_SYSTEM, str(tmp_path / "journal")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=25, check=True)
    recorded, last, detail = done.stdout.split()
    assert int(recorded) > 3
    assert recorded == last
    assert detail.startswith(("SQLITE_IOERR", "SQLITE_FULL"))
    journal = open_journal(tmp_path / "journal")
    assert journal.head()[0] == int(recorded)
    assert journal.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    journal.close()


KILLED = """
import os, sys
from pathlib import Path
from tests.post.world import crossing, open_journal
from border.messages.values import RecordKind
journal = open_journal(Path(sys.argv[1]))
while True:
    one = crossing()
    journal.record(RecordKind.ENCOUNTER, one.id, one.facts, one.samples, one.at)
    os.write(1, one.id.encode() + b"\\n")
"""


def test_a_killed_kiosk_has_every_record_it_said_it_has(tmp_path: Path) -> None:
    for trial in range(3):
        path = tmp_path / str(trial)
        with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(5 + 7 * trial)]
            process.kill()
            said += process.stdout.readlines()
        ids = [line.decode().strip() for line in said if len(line) == 37]
        journal = open_journal(path)
        assert [header(journal, id).record.seq for id in ids] == list(range(1, len(ids) + 1))
        journal.close()


def test_samples_go_only_after_acceptance_decision_and_the_policy_hours(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal")
    cleared, referred, unsent = crossing(reasons=()), crossing(), crossing(reasons=())
    for one in (cleared, referred, unsent):
        record(journal, one)
    receipts = tuple(receipt(journal, one.id, ReceiptStatus.STORED) for one in (cleared, referred))
    journal.settle(ReceiptBatch(KIOSK, START_MS, 2, receipts), 0.0, START_MS)
    keep = Retention(sample_hours=2, encounter_hours=48)

    def left() -> set[str]:
        return {row[0] for row in journal.db.execute("SELECT encounter FROM samples").fetchall()}

    journal.forget(START_MS + 3_600_000, keep)
    assert left() == {cleared.id, referred.id, unsent.id}
    journal.forget(START_MS + 2 * 3_600_000, keep)
    assert left() == {referred.id, unsent.id}
    journal.forget(START_MS + 48 * 3_600_000, keep)
    assert (case(journal, cleared.id), rows(journal, "ledger")) == (None, 3)
    journal.close()


def test_where_the_face_is_stays_as_long_as_the_picture(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal")
    one = crossing(((SampleKind.FACE, 3000), (SampleKind.FINGER, 3000)), reasons=())
    record(journal, one)
    found = case(journal, one.id)
    assert found is not None and found.faces == ((found.samples[0].sha256, AREA),)
    journal.settle(ReceiptBatch(KIOSK, START_MS, 1, (receipt(journal, one.id, ReceiptStatus.STORED),)), 0.0, START_MS)
    journal.forget(START_MS + 3_600_000, Retention(sample_hours=1, encounter_hours=48))
    found = case(journal, one.id)
    assert found is not None and (found.samples, found.faces, rows(journal, "faces")) == ((), (), 0)
    journal.close()


def test_a_journal_written_before_faces_were_kept_goes_on_and_can_be_taken_back(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal")
    before = crossing()
    record(journal, before)
    journal.db.execute("DROP TABLE faces")  # as the program before this one left it
    journal.close()
    journal = open_journal(tmp_path / "journal")
    found = case(journal, before.id)
    assert found is not None and found.faces == () and len(found.samples) == 1
    assert journal.db.execute("PRAGMA user_version").fetchone() == (1,)  # which that program still opens
    journal.close()


def test_an_alarm_waits_in_the_outbox_before_every_record(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal")
    record(journal, crossing())
    journal.alarm(AlarmKind.HELP, "help_called", stamp())
    first, *_ = journal.outbox.due(0.0, 20, 10**6)
    assert "/up/alarm/" in first.message.topic
    journal.close()


def test_retention_and_marks_must_make_sense() -> None:
    with pytest.raises(ValueError, match="sample_hours"):
        Retention(sample_hours=3, encounter_hours=2)
    with pytest.raises(ValueError, match="hard"):
        Disk(lambda: 0, soft_bytes=1, hard_bytes=2)


def test_the_keys_of_the_journal_are_those_it_was_given(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal")
    assert journal.keys.kiosk == keys().kiosk
    journal.close()
