"""The centre's line to the broker, over paho. The only importer of paho here; knows no message's meaning.

Works the same on MQTT 5 and 3.1.1. What 5 adds is back-pressure: the broker holds what is beyond
`RECEIVE_MAXIMUM`. On 3.1.1 the bounded queue does it, by no longer reading the socket; if that lasts longer
than the keep-alive the broker drops the line, and sends everything not acknowledged again on the next.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

RECEIVE_MAXIMUM = 400
SESSION_S = 7 * 24 * 3600
KEEPALIVE_S = 20
RECONNECT_S = (1, 5)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as it came. `connection` tells whether its acknowledgement still has an addressee."""

    topic: str
    payload: bytes
    retained: bool
    received_ms: int
    message_id: int
    connection: int


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and with which certificate to go there. `folder` holds ca.crt, `name`.crt and .key."""

    host: str
    port: int
    folder: Path
    name: str  # the certificate's file name; its common name is the user
    client_id: str
    version: int = 5  # 5, or 311 for MQTT 3.1.1

    def __post_init__(self) -> None:
        if self.version not in (paho.MQTTv5, 311):
            raise ValueError(f"MQTT version is 5 or 311, not {self.version}")


class Line:
    """A persistent session that acknowledges only what it is told to. `take` and `ack` are for one thread."""

    def __init__(self, address: BrokerAddress, wall_ms: Callable[[], int], filters: tuple[str, ...]) -> None:
        self._address = address
        self._wall_ms = wall_ms
        self._filters = filters
        self._arrived: queue.Queue[Delivery] = queue.Queue(RECEIVE_MAXIMUM)
        self._connection = 0
        self._closing = threading.Event()
        self.subscribed = threading.Event()
        self._client = _client(address, clean=False)
        self._client.manual_ack_set(True)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def open(self) -> None:
        """Start connecting, and keep at it. Returns at once."""
        _begin(self._client, self._address, clean=False)
        self._client.loop_start()

    def close(self) -> None:
        """What was not acknowledged stays with the broker."""
        self._closing.set()
        self._client.disconnect()
        self._client.loop_stop()

    def take(self, most: int, first_s: float, more_s: float) -> list[Delivery]:
        """Up to `most` deliveries: wait `first_s` for the first and `more_s` in all for the rest."""
        taken: list[Delivery] = []
        until = time.monotonic() + first_s
        while len(taken) < most:
            try:
                taken.append(self._arrived.get(timeout=max(0.0, until - time.monotonic())))
            except queue.Empty:
                break
            until = time.monotonic() + more_s if len(taken) == 1 else until
        return taken

    def ack(self, delivery: Delivery) -> None:
        """An identifier of an earlier connection may name another message by now: those are sent again anyway."""
        if delivery.message_id and delivery.connection == self._connection:
            self._client.ack(delivery.message_id, 1)

    def publish(self, topic: str, payload: bytes) -> bool:
        """False, and nothing done, while there is no connection: paho would hoard it in memory."""
        if not self._client.is_connected():
            return False
        return self._client.publish(topic, payload, qos=1).rc == paho.MQTT_ERR_SUCCESS

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if not reason.is_failure:
            self._connection += 1
            client.subscribe([(filter_, 1) for filter_ in self._filters])

    def _on_subscribe(self, *_: Any) -> None:
        self.subscribed.set()

    def _on_disconnect(self, *_: Any) -> None:
        self.subscribed.clear()

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        delivery = Delivery(
            topic=_text(message),
            payload=bytes(message.payload),
            retained=message.retain,
            received_ms=self._wall_ms(),
            message_id=message.mid if message.qos else 0,
            connection=self._connection,
        )
        while not self._closing.is_set():
            try:
                return self._arrived.put(delivery, timeout=0.2)
            except queue.Full:
                continue
        return None


def publish_retained(address: BrokerAddress, messages: dict[str, bytes], timeout_s: float) -> None:
    """Put each message on its topic, retained, and wait until the broker has taken them. TimeoutError: it has not."""
    client = _client(address, clean=True)
    connected = threading.Event()
    client.on_connect = lambda *_: connected.set()
    _begin(client, address, clean=True)
    client.loop_start()
    try:
        if not connected.wait(timeout_s) or not client.is_connected():
            raise TimeoutError(f"no connection to {address.host}:{address.port}")
        for topic, payload in messages.items():
            taken = client.publish(topic, payload, qos=1, retain=True)
            taken.wait_for_publish(timeout_s)
            if not taken.is_published():
                raise TimeoutError(f"the broker has not taken {topic}")
    finally:
        client.disconnect()
        client.loop_stop()


def _client(address: BrokerAddress, *, clean: bool) -> paho.Client:
    kind = CallbackAPIVersion.VERSION2
    if address.version == 5:  # there a session is clean or not by what `_begin` says
        client = paho.Client(kind, address.client_id, protocol=paho.MQTTv5)
    else:
        client = paho.Client(kind, address.client_id, clean_session=clean, protocol=paho.MQTTv311)
    client.tls_set_context(_context(address))
    client.reconnect_delay_set(*RECONNECT_S)
    client.on_socket_open = _no_delay
    return client


def _context(address: BrokerAddress) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(address.folder / "ca.crt"))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(address.folder / f"{address.name}.crt", address.folder / f"{address.name}.key")
    return context


def _begin(client: paho.Client, address: BrokerAddress, *, clean: bool) -> None:
    if address.version != 5:
        client.connect_async(address.host, address.port, KEEPALIVE_S)
        return
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 0 if clean else SESSION_S
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    client.connect_async(address.host, address.port, KEEPALIVE_S, clean_start=clean, properties=properties)


def _no_delay(_client: Any, _data: Any, connection: Any) -> None:
    # without it each message of the size of a face waits 14 to 44 ms for the other side's delayed ACK
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _text(message: paho.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError:
        return ""
