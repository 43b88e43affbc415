"""The sending half of a kiosk, kept to the contract's rule alone: forget a record only on its signed receipt."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from border.messages import topics
from border.messages.envelope import Outbound, Packed, open_receipts
from border.messages.values import Receipt, ReceiptBatch, ReceiptStatus
from central.files import parse_public
from tests.central.broker import Broker

AGAIN_S = 1.5


class Sender:
    """Sends over the kiosk's own certificate. `receipts` holds every receipt heard, in order, all verified."""

    def __init__(self, broker: Broker, kiosk: str) -> None:
        folder = broker.kiosk_folder(kiosk)
        self.kiosk = kiosk
        self.receipts: list[Receipt] = []
        self.batches: list[ReceiptBatch] = []
        self._centre = parse_public((folder / "centre-receipts.pub").read_bytes())
        self._waiting: dict[str, Packed] = {}
        self._sent_at: dict[str, float] = {}
        self._connected = threading.Event()
        self._client = _client(folder, kiosk)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = lambda *_: self._connected.clear()
        self._client.on_message = self._on_message
        self._client.connect_async(broker.host, broker.port, keepalive=5)

    def __enter__(self) -> Sender:
        self._client.loop_start()
        assert self._connected.wait(10)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, message: Outbound, *, retain: bool = False) -> None:
        """Once, and forgotten: for messages that a test means to be refused."""
        self._client.publish(message.topic, message.payload, qos=1, retain=retain)

    def publish_all(self, messages: Iterable[Outbound], timeout_s: float = 60.0) -> None:
        """All of them, and wait until the broker has taken each."""
        taken = [self._client.publish(m.topic, m.payload, qos=1) for m in messages]
        for one in taken:
            one.wait_for_publish(timeout_s)
            assert one.is_published(), "the broker has not taken everything"

    def send(self, *records: Packed) -> None:
        """Until the centre has each: see `drain`."""
        for packed in records:
            self._waiting[packed.record.id] = packed
            self._put(packed)

    def drain(self, timeout_s: float) -> None:
        """Send again whatever is not receipted, until nothing is left. AssertionError when the time is over."""
        until = time.monotonic() + timeout_s
        while self._waiting:
            assert time.monotonic() < until, f"{self.kiosk}: {len(self._waiting)} records without a receipt"
            for id_, packed in list(self._waiting.items()):
                if time.monotonic() - self._sent_at[id_] > AGAIN_S:
                    self._put(packed)
            time.sleep(0.02)

    def wait_for(self, status: ReceiptStatus, count: int = 1, timeout_s: float = 10.0) -> list[Receipt]:
        until = time.monotonic() + timeout_s
        while len(found := [r for r in self.receipts if r.status is status]) < count:
            assert time.monotonic() < until, f"{len(found)} of {count} {status}, heard {self.tally()}"
            time.sleep(0.01)
        return found

    def tally(self) -> Counter[str]:
        return Counter(receipt.status.value for receipt in self.receipts)

    def _put(self, packed: Packed) -> None:
        self._sent_at[packed.record.id] = time.monotonic()
        if self._connected.is_set():
            for message in (packed.header, *packed.parts):
                self._client.publish(message.topic, message.payload, qos=1)

    def _on_connect(self, client: paho.Client, *_: Any) -> None:
        client.subscribe(topics.receipts(self.kiosk), 1)
        self._connected.set()

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        batch = open_receipts(bytes(message.payload), self._centre, self.kiosk)
        self.batches.append(batch)
        for receipt in batch.receipts:
            self._hear(receipt)

    def _hear(self, receipt: Receipt) -> None:
        packed = self._waiting.get(receipt.id)
        if packed is not None and receipt.digest == packed.digest:
            if receipt.status in (ReceiptStatus.STORED, ReceiptStatus.DUPLICATE):
                del self._waiting[receipt.id]
            if receipt.status is ReceiptStatus.NEED:
                wanted = {topics.part(self.kiosk, sha256, index) for sha256, index in receipt.missing}
                for part in packed.parts:
                    if part.topic in wanted:
                        self._client.publish(part.topic, part.payload, qos=1)
        self.receipts.append(receipt)


def _client(folder: Path, kiosk: str) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, kiosk, clean_session=True, protocol=paho.MQTTv311)
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.load_cert_chain(folder / "device.crt", folder / "device.key")
    client.tls_set_context(context)
    client.reconnect_delay_set(1, 1)
    # faces are exactly of the size that Nagle and a delayed ACK hold up for 40 ms
    client.on_socket_open = _no_delay
    return client


def _no_delay(_client: Any, _data: Any, line: Any) -> None:
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
