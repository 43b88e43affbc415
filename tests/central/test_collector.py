"""The collector on a real broker: nothing lost, nothing twice, every lie visible, whatever is killed meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from border.messages import topics
from border.messages.envelope import Outbound, Packed, sign_alarm, sign_request, sign_state, sign_update
from border.messages.examples import UPDATE
from border.messages.reports import update_id
from border.messages.values import Alarm, AlarmKind, ReceiptStatus, Request
from central import ca
from central.store import open_store
from central.store.api import Row
from tests.central.author import Author, Traveller, picture
from tests.central.broker import Broker, running_broker
from tests.central.collecting import collecting
from tests.central.postgres_server import PostgresServer, postgres_server
from tests.central.sender import Sender

KIOSKS = ("quay-1", "quay-2", "quay-3")
S = ReceiptStatus


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with running_broker(tmp_path, KIOSKS) as running:
        yield running


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:{tmp_path / 'centre.db'}"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


def rows(database: str, sql: str) -> list[Row]:
    store = open_store(database)
    try:
        with store.snapshot() as t:
            return t.rows(sql)
    finally:
        store.close()


def eventually(look: Callable[[], bool], timeout_s: float = 8.0) -> None:
    until = time.monotonic() + timeout_s
    while not look():
        assert time.monotonic() < until, "did not happen"
        time.sleep(0.02)


def author(broker: Broker, kiosk: str) -> Author:
    return Author(broker.kiosk_folder(kiosk), kiosk)


def stored(database: str) -> dict[str, list[int]]:
    """Sequence numbers of complete records by kiosk, in order."""
    found: dict[str, list[int]] = {}
    for kiosk, seq in rows(database, "SELECT kiosk, seq FROM records WHERE complete = 1 ORDER BY kiosk, seq"):
        found.setdefault(kiosk, []).append(seq)
    return found


@pytest.mark.parametrize("version", [5, 311])
def test_records_of_several_kiosks_are_stored_and_receipted(broker: Broker, database: str, version: int) -> None:
    with collecting(broker.centre_folder, broker.port, database, version=version):
        for kiosk in KIOSKS[:2]:
            with Sender(broker, kiosk) as sender:
                writer = author(broker, kiosk)
                sender.send(*(writer.encounter(Traveller(pictures=(picture(),))) for _ in range(10)))
                sender.drain(10)
                assert sender.batches[-1].highest_seq == 10
    assert stored(database) == {"quay-1": list(range(1, 11)), "quay-2": list(range(1, 11))}
    assert rows(database, "SELECT * FROM dead_letters") == []


def test_receipts_are_said_to_the_kiosk_they_are_about_and_to_no_other(broker: Broker, database: str) -> None:
    with (
        collecting(broker.centre_folder, broker.port, database),
        Sender(broker, "quay-1") as one,
        Sender(broker, "quay-2") as two,
    ):
        one.send(author(broker, "quay-1").encounter())
        one.drain(10)
        assert two.receipts == []


def test_what_came_while_the_collector_was_away_is_stored_when_it_returns(broker: Broker, database: str) -> None:
    writer = author(broker, "quay-1")
    with collecting(broker.centre_folder, broker.port, database):
        pass
    with Sender(broker, "quay-1") as sender:
        packed = [writer.encounter(Traveller(pictures=(picture(),))) for _ in range(20)]
        for one in packed:
            for message in (one.header, *one.parts):
                sender.publish(message)
        with collecting(broker.centre_folder, broker.port, database):
            sender.wait_for(S.STORED, 20)
    assert stored(database) == {"quay-1": list(range(1, 21))}


def test_replayed_and_re_ordered_records_change_nothing(broker: Broker, database: str) -> None:
    writer = author(broker, "quay-1")
    packed = [writer.encounter() for _ in range(6)]
    with collecting(broker.centre_folder, broker.port, database), Sender(broker, "quay-1") as sender:
        for one in reversed(packed):
            sender.publish(one.header)
        sender.wait_for(S.STORED, 6)
        for one in packed:
            sender.publish(one.header)
        sender.wait_for(S.DUPLICATE, 6)
    assert stored(database) == {"quay-1": [1, 2, 3, 4, 5, 6]}
    assert rows(database, "SELECT * FROM chain_flags") == []
    assert rows(database, "SELECT * FROM gaps") == []


def test_forged_foreign_and_tampered_records_are_rejected_and_visible(broker: Broker, database: str) -> None:
    writer, stranger = author(broker, "quay-1"), author(broker, "quay-2")
    genuine = writer.encounter()
    forged = writer.encounter().header
    forged = replace(forged, payload=forged.payload[:-5] + b"12345")
    foreign = stranger.encounter().header
    foreign = replace(foreign, topic=foreign.topic.replace("quay-2", "quay-1"))
    writer.seq, writer.head = 0, genuine.record.previous
    tampered = writer.encounter(Traveller(name="SOMEONE ELSE"), id=genuine.record.id).header
    with collecting(broker.centre_folder, broker.port, database), Sender(broker, "quay-1") as sender:
        sender.send(genuine)
        sender.drain(10)
        for message in (forged, foreign, tampered):
            sender.publish(message)
        rejected = sender.wait_for(S.REJECT, 3)
    assert {receipt.reason for receipt in rejected} == {"bad_signature", "wrong_kiosk", "tampered"}
    letters = rows(database, "SELECT reason, kiosk, topic FROM dead_letters ORDER BY reason")
    assert letters == [
        ("bad_signature", "quay-1", forged.topic),
        ("tampered", "quay-1", tampered.topic),
        ("wrong_kiosk", "quay-1", foreign.topic),
    ]
    assert rows(database, "SELECT kind FROM alarms") == [("tampered",)]
    assert stored(database) == {"quay-1": [1]}


def test_a_kiosk_cannot_write_under_the_name_of_another(broker: Broker, database: str) -> None:
    with collecting(broker.centre_folder, broker.port, database), Sender(broker, "quay-1") as sender:
        sender.publish(author(broker, "quay-2").encounter().header)
        sender.send(author(broker, "quay-1").encounter())
        sender.drain(10)
    assert stored(database) == {"quay-1": [1]}
    assert rows(database, "SELECT * FROM dead_letters") == []  # the broker's access list, not our verification


def test_a_revoked_kiosk_that_is_still_connected_is_rejected(broker: Broker, database: str) -> None:
    writer = author(broker, "quay-1")
    with collecting(broker.centre_folder, broker.port, database), Sender(broker, "quay-1") as sender:
        sender.send(writer.encounter())
        sender.drain(10)
        ca.revoke(broker.ca_folder, "quay-1", datetime.now(UTC))
        sender.publish(writer.encounter().header)
        assert sender.wait_for(S.REJECT)[0].reason == "revoked_kiosk"
    assert stored(database) == {"quay-1": [1]}


def test_poison_is_acknowledged_and_stands_in_nobodys_way(broker: Broker, database: str) -> None:
    with collecting(broker.centre_folder, broker.port, database), Sender(broker, "quay-1") as sender:
        for number in range(60):
            sender.publish(Outbound(f"landfall/1/k/quay-1/up/junk{number}", b"\xff" * number, 1))
        sender.send(author(broker, "quay-1").encounter())
        sender.drain(10)
    with collecting(broker.centre_folder, broker.port, database) as line:
        time.sleep(0.5)
        assert line.take(1, 0.0, 0.0) == []
    assert rows(database, "SELECT COUNT(*), SUM(times) FROM dead_letters") == [(60, 60)]


def test_missing_slices_are_asked_for_and_then_the_record_is_stored(broker: Broker, database: str) -> None:
    packed = author(broker, "quay-1").encounter(Traveller(pictures=(picture(150_000),)))
    with collecting(broker.centre_folder, broker.port, database), Sender(broker, "quay-1") as sender:
        sender.publish(packed.header)
        sender.publish(packed.parts[2])
        need = sender.wait_for(S.NEED)[0]
        assert [index for _, index in need.missing] == [0, 1, 3]
        for index in (0, 1, 3):
            sender.publish(packed.parts[index])
        assert sender.wait_for(S.STORED)[0].digest == packed.digest


def test_states_alarms_and_requests_are_taken(broker: Broker, database: str) -> None:
    writer = author(broker, "quay-1")
    alarm = Alarm("quay-1", writer.new_id(), AlarmKind.TAMPER, writer.stamp(), "cover_open")
    with collecting(broker.centre_folder, broker.port, database), Sender(broker, "quay-1") as sender:
        state = sign_state(writer.state(), writer.signer)
        sender.publish(Outbound(topics.state("quay-1"), state, 4), retain=True)
        sender.publish(Outbound(topics.alarm("quay-1", alarm.id), sign_alarm(alarm, writer.signer), 0))
        assert sender.wait_for(S.STORED)[0].id == alarm.id
        asked = Request("quay-1", writer.stamp(), 0, 0, 0)
        sender.publish(Outbound(topics.request("quay-1"), sign_request(asked, writer.signer), 1))
        eventually(lambda: any(batch.receipts == () for batch in sender.batches))
    assert rows(database, "SELECT kind, detail, source FROM alarms") == [("tamper", "cover_open", "kiosk")]
    assert rows(database, "SELECT port, online FROM kiosks") == [("Practice Harbour", 1)]


def test_a_step_of_an_update_is_kept_once_however_often_it_is_said(broker: Broker, database: str) -> None:
    writer = author(broker, "quay-1")
    step = replace(UPDATE, kiosk="quay-1", id=update_id("quay-1", UPDATE.transaction, UPDATE.phase))
    topic = topics.update("quay-1", step.id)
    with collecting(broker.centre_folder, broker.port, database), Sender(broker, "quay-1") as sender:
        sender.publish(Outbound(topic, sign_update(step, writer.signer), 0))
        assert sender.wait_for(S.STORED)[0].id == step.id
        sender.publish(Outbound(topic, sign_update(replace(step, at=writer.stamp()), writer.signer), 0))
        assert sender.wait_for(S.DUPLICATE)[0].id == step.id
        foreign = replace(step, phase="kept")
        sender.publish(Outbound(topic, sign_update(foreign, writer.signer), 0))
        assert sender.wait_for(S.REJECT)[0].reason == "wrong_id"
    found = rows(database, "SELECT kiosk, role, phase, reason, attempt FROM updates")
    assert found == [("quay-1", "apps", "rolled_back", "OTA-GATE: camera: DEV-GONE", 1)]


@pytest.mark.timeout(90)
@pytest.mark.parametrize("version", [5, 311])
def test_a_killed_broker_loses_nothing_and_doubles_nothing(broker: Broker, database: str, version: int) -> None:
    writer = author(broker, "quay-1")
    with collecting(broker.centre_folder, broker.port, database, version=version), Sender(broker, "quay-1") as sender:
        for _ in range(3):
            sender.send(*(writer.encounter(Traveller(pictures=(picture(20_000),))) for _ in range(15)))
            time.sleep(0.05)
            broker.kill()
            sender.send(*(writer.encounter() for _ in range(5)))
            broker.restart()
        sender.drain(40)
    assert stored(database) == {"quay-1": list(range(1, 61))}
    assert rows(database, "SELECT * FROM dead_letters") == []
    assert rows(database, "SELECT * FROM chain_flags") == []


@pytest.mark.timeout(90)
def test_a_stopped_postgresql_loses_nothing_and_doubles_nothing(broker: Broker, server: PostgresServer) -> None:
    database = server.new_database()
    writers = {kiosk: author(broker, kiosk) for kiosk in KIOSKS}
    with collecting(broker.centre_folder, broker.port, database):
        senders = [Sender(broker, kiosk) for kiosk in KIOSKS]
        for sender in senders:
            sender.__enter__()
        for _ in range(3):
            _send_all(senders, writers)
            time.sleep(0.1)
            server.stop("immediate")
            _send_all(senders, writers)
            time.sleep(0.5)
            server.start()
        for sender in senders:
            sender.drain(40)
            sender.__exit__()
    assert stored(database) == {kiosk: list(range(1, 61)) for kiosk in KIOSKS}
    assert rows(database, "SELECT COUNT(*) FROM encounters") == [(180,)]
    assert rows(database, "SELECT SUM(travellers) FROM counts") == [(180,)]
    assert rows(database, "SELECT * FROM dead_letters") == []


@pytest.mark.timeout(60)
def test_a_value_no_database_can_hold_is_refused_alone(broker: Broker, server: PostgresServer) -> None:
    database, writer = server.new_database(), author(broker, "quay-1")
    packed = [writer.encounter(Traveller(name=name)) for name in ("ANNA", "NUL\0NAME", "MARIE")]
    with collecting(broker.centre_folder, broker.port, database), Sender(broker, "quay-1") as sender:
        for one in packed:
            sender.publish(one.header)
        assert sender.wait_for(S.REJECT)[0].reason == "not_storable"
        sender.wait_for(S.STORED, 2)
    assert stored(database) == {"quay-1": [1, 3]}
    assert rows(database, "SELECT reason, kiosk FROM dead_letters") == [("not_storable", "quay-1")]


def _send_all(senders: list[Sender], writers: dict[str, Author]) -> None:
    for sender in senders:
        sender.send(*(_encounter(writers[sender.kiosk]) for _ in range(10)))


def _encounter(writer: Author) -> Packed:
    return writer.encounter(Traveller(pictures=(picture(20_000),)))
