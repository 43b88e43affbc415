"""A centre for tests: keeps what it can open, and says signed receipts after that, as the contract wants it."""

from __future__ import annotations

import hashlib
import threading
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from border.messages import topics
from border.messages.cose import Signer
from border.messages.envelope import open_alarm, open_record, open_state, sign_receipts
from border.messages.topics import Topic, TopicKind, parse
from border.messages.values import Alarm, Receipt, ReceiptBatch, ReceiptStatus, Record, StateReport
from tests.post.world import CENTRE, DEVICE_KEY, KIOSK, SEAL, START_MS


class TestCentre:
    """`silent`: says nothing. `signer`: whose signature its receipts bear. Everything runs on paho's one thread."""

    __test__ = False

    def __init__(self, port: int) -> None:
        self.records: dict[str, Record] = {}
        self.digests: dict[str, bytes] = {}
        self.parts: dict[tuple[str, int], bytes] = {}
        self.alarms: list[Alarm] = []
        self.states: list[StateReport] = []
        self.messages: list[tuple[str, int]] = []  # topic, size; in order of arrival
        self.requests = 0
        self.silent = False
        self.deaf_to_parts = 0  # so many slices are lost on their way
        self.reject: set[str] = set()
        self.signer: Signer = CENTRE
        self._subscribed = threading.Event()
        self._port = port
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="collector-1", clean_session=False)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe("landfall/1/k/+/up/#", 1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._on_message

    def start(self) -> TestCentre:
        self._client.connect_async("127.0.0.1", self._port, 20)
        self._client.loop_start()
        assert self._subscribed.wait(10)
        return self

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain)

    def complete(self) -> set[str]:
        return {id for id in self.records if not self._missing(id)}

    def _missing(self, id: str) -> tuple[tuple[str, int], ...]:
        named = ((p.sha256, n) for p in self.records[id].parts for n in range(p.slices))
        return tuple(one for one in named if one not in self.parts)

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        where = parse(message.topic)
        payload = bytes(message.payload)
        self.messages.append((message.topic, len(payload)))
        if where.kind is TopicKind.RECORD:
            self._on_record(where, message.topic, payload)
        elif where.kind is TopicKind.PART:
            self._on_part(where, payload)
        elif where.kind is TopicKind.ALARM:
            alarm = open_alarm(message.topic, payload, DEVICE_KEY.public_key())
            self.alarms.append(alarm)
            self._say(Receipt(alarm.id, ReceiptStatus.STORED, _digest(payload), (), ""))
        elif where.kind is TopicKind.STATE:
            self.states.append(open_state(message.topic, payload, DEVICE_KEY.public_key()))
        elif where.kind is TopicKind.REQUEST:
            self.requests += 1

    def _on_record(self, where: Topic, topic: str, payload: bytes) -> None:
        opened = open_record(topic, payload, DEVICE_KEY.public_key(), SEAL)
        again = where.id in self.records
        assert self.digests.setdefault(where.id, opened.digest) == opened.digest
        self.records[where.id] = opened.record
        if where.id in self.reject:
            self._say(Receipt(where.id, ReceiptStatus.REJECT, opened.digest, (), "bad_value"))
        else:
            self._answer(where.id, ask=again)

    def _on_part(self, where: Topic, payload: bytes) -> None:
        if self.deaf_to_parts:
            self.deaf_to_parts -= 1
            return
        assert where.index is not None
        self.parts[where.sha256, where.index] = payload
        for id, record in self.records.items():
            if any(part.sha256 == where.sha256 for part in record.parts):
                self._answer(id, ask=False)

    def _answer(self, id: str, *, ask: bool) -> None:
        missing = self._missing(id)
        if not missing:
            self._say(Receipt(id, ReceiptStatus.STORED, self.digests[id], (), ""))
        elif ask:
            self._say(Receipt(id, ReceiptStatus.NEED, self.digests[id], missing, ""))

    def _say(self, receipt: Receipt) -> None:
        if not self.silent:
            batch = ReceiptBatch(KIOSK, START_MS, 0, (receipt,))
            self.publish(topics.receipts(KIOSK), sign_receipts(batch, self.signer))


def _digest(payload: bytes) -> bytes:
    return hashlib.sha256(payload).digest()
