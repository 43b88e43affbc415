"""The publisher against a real mosquitto and a centre that answers, stays silent, lies, or is gone."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.reporting.flights import Limits
from appliance.reporting.settings import Settings
from border.encounter import SampleKind
from border.messages import topics
from border.messages.cose import SoftwareSigner
from border.messages.envelope import sign_receipts
from border.messages.topics import TopicKind, parse
from border.messages.values import Receipt, ReceiptBatch, ReceiptStatus
from border.rules.codec import sign_policy
from border.rules.default import DEVELOPMENT
from practice.processes import free_port
from tests.post.world import CENTRE, FOREIGN_KEY, HQ, KIOSK, START_MS, crossing
from tests.reporting.broker import Mosquitto
from tests.reporting.centre import TestCentre
from tests.reporting.kiosk import Kiosk, wait_until

PICTURES = ((SampleKind.FACE, 120_000), (SampleKind.FINGER, 20_000))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    mosquitto = Mosquitto(tmp_path).start()
    yield mosquitto
    mosquitto.kill()


@pytest.fixture
def centre(broker: Mosquitto) -> Iterator[TestCentre]:
    test_centre = TestCentre(broker.port).start()
    yield test_centre
    test_centre.stop()


@pytest.fixture
def kiosk(tmp_path: Path, broker: Mosquitto) -> Iterator[Kiosk]:
    one = Kiosk(tmp_path, broker.port).start()
    wait_until(lambda: one.publisher.connected)
    yield one
    assert one.stop()


def quick(settings: Settings) -> Settings:
    return replace(settings, keepalive_s=5, connect_s=1.0)


def test_a_record_with_pictures_arrives_whole_and_leaves_the_outbox(centre: TestCentre, kiosk: Kiosk) -> None:
    ids = {kiosk.record(crossing(PICTURES)) for _ in range(5)}
    wait_until(lambda: kiosk.rows() == 0)
    assert centre.complete() == ids
    assert [record.seq for record in centre.records.values()] == [1, 2, 3, 4, 5]
    kinds = [parse(topic).kind for topic, _ in centre.messages]
    assert kinds.index(TopicKind.RECORD) < kinds.index(TopicKind.PART)


def test_a_silent_centre_removes_nothing(centre: TestCentre, kiosk: Kiosk) -> None:
    centre.silent = True
    kiosk.record(crossing(PICTURES))
    wait_until(lambda: len(centre.parts) == 4)
    rows = kiosk.rows()
    time.sleep(0.5)
    assert (rows, kiosk.rows(), kiosk.counts().depth) == (5, 5, 1)


def test_an_unanswered_header_is_sent_again_and_then_accepted(centre: TestCentre, kiosk: Kiosk) -> None:
    centre.silent = True
    id = kiosk.record(crossing(()))
    wait_until(lambda: id in centre.records)
    centre.silent = False
    wait_until(lambda: kiosk.rows() == 0)
    assert [parse(topic).kind for topic, _ in centre.messages].count(TopicKind.RECORD) >= 2


def test_lost_slices_are_asked_for_and_come(centre: TestCentre, kiosk: Kiosk) -> None:
    centre.deaf_to_parts = 2
    id = kiosk.record(crossing(PICTURES))
    wait_until(lambda: kiosk.rows() == 0)
    assert centre.complete() == {id}


def test_a_rejected_record_stays_on_the_disk_and_shows_in_the_state(centre: TestCentre, kiosk: Kiosk) -> None:
    bad = crossing(())
    centre.reject.add(bad.id)
    kiosk.record(bad)
    good = kiosk.record(crossing(()))
    wait_until(lambda: any(state.quarantined == 1 for state in centre.states))
    wait_until(lambda: kiosk.counts().depth == 0)
    assert kiosk.rows() == 1
    assert good in centre.complete()


@pytest.mark.parametrize("how", ["foreign_key", "other_kiosk", "wrong_digest", "garbage", "unsigned"])
def test_what_is_not_the_centres_word_removes_nothing_and_is_reported(
    centre: TestCentre, kiosk: Kiosk, how: str
) -> None:
    centre.silent = True
    id = kiosk.record(crossing(()))
    wait_until(lambda: id in centre.records)
    digest = bytes(32) if how == "wrong_digest" else centre.digests[id]
    said = Receipt(id, ReceiptStatus.STORED, digest, (), "")
    batch = ReceiptBatch("quay-2" if how == "other_kiosk" else KIOSK, START_MS, 0, (said,))
    signed = sign_receipts(batch, SoftwareSigner(FOREIGN_KEY, "centre") if how == "foreign_key" else CENTRE)
    payload = {"garbage": b"\xff" * 40, "unsigned": signed[:-64] + bytes(64)}.get(how, signed)
    centre.publish(topics.receipts(KIOSK), payload)
    wait_until(lambda: centre.alarms)
    assert kiosk.counts().depth == 1
    assert {alarm.detail for alarm in centre.alarms} <= {"receipt_not_genuine", "receipt_digest_differs"}
    assert kiosk.publisher.is_alive
    centre.silent = False
    wait_until(lambda: kiosk.rows() == 0)


def test_forged_receipts_raise_one_alarm_not_a_flood(centre: TestCentre, kiosk: Kiosk) -> None:
    for n in range(30):
        centre.publish(topics.receipts(KIOSK), b"x" * n)
    wait_until(lambda: kiosk.publisher.forged == 30)
    wait_until(lambda: kiosk.rows() == 0)
    assert len(centre.alarms) == 1


def test_nothing_is_published_while_the_broker_is_away_and_all_arrives_after(
    broker: Mosquitto, centre: TestCentre, kiosk: Kiosk
) -> None:
    broker.kill()
    wait_until(lambda: not kiosk.publisher.connected)
    ids = {kiosk.record(crossing(PICTURES)) for _ in range(10)}
    assert kiosk.counts().depth == 10
    broker.start()
    wait_until(lambda: kiosk.rows() == 0)
    assert centre.complete() == ids


def test_a_broker_killed_again_and_again_in_mid_stream_loses_nothing(
    broker: Mosquitto, centre: TestCentre, kiosk: Kiosk
) -> None:
    for _ in range(3):
        for _ in range(6):
            kiosk.record(crossing(PICTURES))
        time.sleep(0.05)
        broker.kill()
        time.sleep(0.1)
        broker.start()
        wait_until(lambda: kiosk.publisher.connected)
    wait_until(lambda: kiosk.rows() == 0, 25)
    assert centre.complete() == set(kiosk.recorded)


def test_the_first_broker_that_answers_is_used(tmp_path: Path, broker: Mosquitto, centre: TestCentre) -> None:
    kiosk = Kiosk(tmp_path, free_port(), broker.port).start()
    try:
        id = kiosk.record(crossing(()))
        wait_until(lambda: kiosk.rows() == 0)
        assert id in centre.complete()
    finally:
        assert kiosk.stop()


def test_mqtt_5_works_the_same(tmp_path: Path, broker: Mosquitto, centre: TestCentre) -> None:
    kiosk = Kiosk(tmp_path, broker.port, settings=lambda s: replace(s, version=5)).start()
    try:
        id = kiosk.record(crossing(PICTURES))
        wait_until(lambda: kiosk.rows() == 0)
        assert centre.complete() == {id}
    finally:
        assert kiosk.stop()


def test_state_is_said_on_connecting_on_change_and_on_leaving(
    tmp_path: Path, broker: Mosquitto, centre: TestCentre
) -> None:
    kiosk = Kiosk(tmp_path, broker.port).start()
    wait_until(lambda: centre.states and centre.states[-1].online)
    kiosk.change(state="face")
    wait_until(lambda: centre.states[-1].state == "face")
    said = len(centre.states)
    time.sleep(1.5)
    assert len(centre.states) == said  # nothing changed, nothing said
    assert kiosk.stop()
    wait_until(lambda: not centre.states[-1].online)
    assert centre.requests == 1


def test_a_kiosk_that_dies_is_said_to_be_offline_by_the_broker(
    tmp_path: Path, broker: Mosquitto, centre: TestCentre
) -> None:
    kiosk = Kiosk(tmp_path, broker.port).start()
    wait_until(lambda: centre.states and centre.states[-1].online)
    thief = socket.create_connection(("127.0.0.1", broker.port), 2)  # the same client id: the broker drops the first
    thief.sendall(b"\x10\x12\x00\x04MQTT\x04\x02\x00\x0f\x00\x06quay-1")
    wait_until(lambda: any(not state.online for state in centre.states))
    thief.close()
    wait_until(lambda: centre.states[-1].online)  # and it comes back
    assert kiosk.stop()


def test_a_policy_that_waits_at_the_broker_is_taken_and_a_forged_one_is_an_alarm(
    tmp_path: Path, broker: Mosquitto, centre: TestCentre
) -> None:
    signed = sign_policy(replace(DEVELOPMENT, version=7), HQ)
    centre.publish(topics.policy(), signed, retain=True)
    kiosk = Kiosk(tmp_path, broker.port).start()
    try:
        wait_until(lambda: kiosk.taken == [TopicKind.POLICY])
        assert (tmp_path / "lists" / "policy.cose").read_bytes() == signed
        forged = sign_policy(replace(DEVELOPMENT, version=8), SoftwareSigner(FOREIGN_KEY, "hq"))
        centre.publish(topics.policy(), forged)
        wait_until(lambda: [alarm.detail for alarm in centre.alarms] == ["policy_not_genuine"])
        wait_until(lambda: ("inbox.policy", "bad_signature x1") in centre.states[-1].devices)
        assert kiosk.inbox.order(TopicKind.POLICY) == (7, 0)
    finally:
        assert kiosk.stop()


def test_an_announcement_that_waits_at_the_broker_is_handed_on_as_it_is(
    tmp_path: Path, broker: Mosquitto, centre: TestCentre
) -> None:
    centre.publish(topics.announcement(), b'{"signed": "or not"}', retain=True)
    kiosk = Kiosk(tmp_path, broker.port).start()
    try:
        wait_until(lambda: kiosk.announced == [b'{"signed": "or not"}'])
        assert kiosk.publisher.forged == 0  # who judges it is the update client
    finally:
        assert kiosk.stop()


@pytest.mark.parametrize("peer", ["nobody", "mute"])
def test_stopping_takes_no_time_whatever_the_broker_does(tmp_path: Path, peer: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1] if peer == "mute" else free_port()
        kiosk = Kiosk(tmp_path, port, settings=quick).start()
        time.sleep(0.3)
        began = time.monotonic()
        kiosk.stop()
        assert time.monotonic() - began < 8


def test_a_message_that_makes_the_broker_hang_up_is_set_aside_and_the_rest_arrives(tmp_path: Path) -> None:
    mosquitto = Mosquitto(tmp_path, max_packet_size=30_000).start()
    centre = TestCentre(mosquitto.port).start()
    kiosk = Kiosk(tmp_path, mosquitto.port, limits=Limits(max_cuts=3)).start()
    try:
        big = kiosk.record(crossing(((SampleKind.FACE, 45_000),)))
        small = {kiosk.record(crossing(((SampleKind.FINGER, 10_000),))) for _ in range(3)}
        wait_until(lambda: kiosk.counts().quarantined == 1 and kiosk.counts().depth == 0, 25)
        assert centre.complete() == small
        assert kiosk.keeper.ask(lambda j: j.outbox.quarantined()) == [(big, "link_cut")]
    finally:
        kiosk.stop()
        centre.stop()
        mosquitto.kill()
