"""The kiosk's line to its broker, over paho (MQTT 3.1.1 semantics): the one thread that talks upwards.

It decides nothing: the outbox says what is due, the centre's signed receipts say what may go. Everything paho calls
back runs on this very thread, because it alone turns paho's wheel; so nothing here is shared and nothing is locked.
Others only nudge it (a byte on a socket) and read its two flags.
"""

from __future__ import annotations

import logging
import random
import select
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from appliance.keys import Keys
from appliance.post.keeper import ANSWER_S, JournalPort
from appliance.post.storage import StorageFull
from appliance.reporting.brokers import Broker, Walk
from appliance.reporting.exchange import Answer, Heard, visit
from appliance.reporting.inbox import Inbox, Verdict
from appliance.reporting.nudge import Nudge
from appliance.reporting.reports import Reporter
from appliance.reporting.rows import Counts
from appliance.reporting.settings import Settings, tls_context
from border.messages import topics
from border.messages.envelope import open_receipts
from border.messages.errors import MessageError
from border.messages.topics import TopicKind

log = logging.getLogger(__name__)

TICK_S = 0.25
STOP_S = 2.0
FAREWELL_S = 0.7
STEADY_S = 2.0  # a session this long was a success; a shorter one makes the next wait longer
SAME_ALARM_S = 3600.0


class JournalSilent(Exception):
    """The journal's thread has not answered in time: its disk hangs."""


class Publisher:
    """`start` and `stop` once each. `reporter` says what the kiosk is; `inbox` takes what comes down."""

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        port: JournalPort,
        *,
        reporter: Reporter,
        inbox: Inbox,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._port = port
        self._reporter = reporter
        self._inbox = inbox
        self._walk = Walk(settings.brokers, jitter)
        self._stopping = threading.Event()
        self._nudge = Nudge()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self.connected = False  # written by this thread, read by any
        self.forged = 0  # receipts that were not the centre's, or not for us
        self._heard = Heard()
        self._proven = False  # the broker has acknowledged our request on this connection: what breaks it now is ours
        self._keys_of: dict[int, int] = {}  # paho's message id -> outbox key
        self._counts = Counts(0, 0, 0, 0)
        self._alarmed_at_s: dict[str, float] = {}

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> bool:
        """Say that we leave, and end. Returns within 2 s: False when a connection attempt still hangs (the thread is
        a daemon and ends with it)."""
        self._stopping.set()
        self.nudge()
        if self._thread.is_alive():
            self._thread.join(STOP_S)
        elif self._thread.ident is None:  # never started
            self._nudge.close()
        return not self._thread.is_alive()

    def nudge(self) -> None:
        """Something was recorded, or has changed: look now. From any thread; never blocks."""
        self._nudge.ring()

    @property
    def is_alive(self) -> bool:
        """For the watchdog."""
        return self._thread.is_alive()

    # -- the thread

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                broker, wait_s = self._walk.next()
                if self._stopping.wait(wait_s):
                    break
                self._session(broker)
        finally:
            self.connected = False
            self._nudge.close()

    def _session(self, broker: Broker) -> None:
        """One connection from its beginning to its end. Each has its own client: paho remembers nothing of the last."""
        self._heard = Heard(link_lost=True, alarms=self._heard.alarms)
        self._proven = False
        self._keys_of = {}
        try:
            client = self._client()
        except OSError as error:
            log.error("the certificate cannot be used: %s", error.__class__.__name__)
            return
        try:
            client.connect(broker.host, broker.port, self._settings.keepalive_s)
            self._serve(client)
        except (OSError, ValueError) as error:  # ValueError: a host name that cannot be one
            log.info("broker %s: %s", broker, error.__class__.__name__)
        except (StorageFull, JournalSilent) as error:
            log.error("what came cannot be kept, and will come again: %s", error)
        finally:
            self.connected = False
            client.disconnect()
            handle = client.socket()  # None once DISCONNECT is written; a link that does not take it is dropped
            if handle is not None:
                with suppress(OSError):
                    handle.close()

    def _client(self) -> paho.Client:
        v5 = self._settings.version == 5
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._keys.kiosk,
            clean_session=None if v5 else True,
            protocol=paho.MQTTv5 if v5 else paho.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = self._settings.connect_s
        client.max_inflight_messages_set(self._settings.window.messages + 8)
        if self._keys.tls is not None:
            times = self._reporter.times
            client.tls_set_context(tls_context(self._keys.tls, times.stamp(), times.floor_ms))
        client.on_socket_open = self._on_socket_open
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        last_words = self._reporter.report(self._counts, online=False)
        client.will_set(topics.state(self._keys.kiosk), last_words, qos=1, retain=True)
        return client

    def _serve(self, client: paho.Client) -> None:
        """Turn the wheel until the link is lost or we are stopped."""
        clock = self._reporter.clock
        began_s = looked_s = clock.monotonic_s()
        while not self._stopping.is_set():
            nudged = self._turn(client, TICK_S)
            now_s = clock.monotonic_s()
            if nudged is None:
                return
            if not self._proven:
                if now_s - began_s > self._settings.connect_s:
                    return  # TCP, but no MQTT behind it
                continue
            if self._heard or nudged or now_s - looked_s >= TICK_S:
                looked_s = now_s
                self._exchange(client, now_s)
            if now_s - began_s > STEADY_S:
                self._walk.succeeded()
                began_s = float("inf")
        if self.connected:
            self._farewell(client)

    def _turn(self, client: paho.Client, wait_s: float) -> bool | None:
        """Move bytes once. Returns whether somebody nudged; None when the link is gone."""
        handle = client.socket()
        if handle is None:
            return None
        pending = isinstance(handle, ssl.SSLSocket) and handle.pending() > 0
        writing = [handle] if client.want_write() else []
        listening: list[Any] = [handle, self._nudge]
        readable, writable, _ = select.select(listening, writing, [], 0.0 if pending else wait_s)
        done = [MQTTErrorCode.MQTT_ERR_SUCCESS]
        if pending or handle in readable:
            done.append(client.loop_read())
        if writable:
            done.append(client.loop_write())
        done.append(client.loop_misc())
        if any(done) or client.socket() is None:
            return None
        self._nudge.hear()
        return self._nudge in readable

    def _exchange(self, client: paho.Client, now_s: float) -> None:
        """Tell the journal what came, publish what is due, and the state when it is time."""
        answer = self._visit(now_s)
        self._counts = answer.counts
        for alarm in answer.alarms:
            self._notice(alarm)
        for dispatch in answer.due:
            sent = client.publish(dispatch.message.topic, dispatch.message.payload, qos=1)
            if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return  # the link has just gone: these rows go again with the next
            self._keys_of[sent.mid] = dispatch.key
        if self._reporter.is_due(answer.counts, now_s, self._settings.state_every_s):
            self._say_state(client, online=True)

    def _visit(self, now_s: float) -> Answer:
        heard, self._heard = self._heard, Heard()
        at, window = self._reporter.times.stamp(), self._settings.window
        work = self._port.submit(lambda j: visit(j, heard, window, now_s, at))
        try:
            return work.result(ANSWER_S)
        except TimeoutError:
            raise JournalSilent from None

    def _notice(self, alarm: str) -> None:
        """Tell the centre with the next visit, but the same thing once an hour."""
        now_s = self._reporter.clock.monotonic_s()
        if now_s - self._alarmed_at_s.get(alarm, float("-inf")) > SAME_ALARM_S:
            self._alarmed_at_s[alarm] = now_s
            self._heard.alarms.append(alarm)

    def _say_state(self, client: paho.Client, *, online: bool) -> None:
        report = self._reporter.report(self._counts, online=online)
        client.publish(topics.state(self._keys.kiosk), report, qos=1, retain=True)

    def _farewell(self, client: paho.Client) -> None:
        """The last state replaces the will. What is un-receipted stays in the outbox."""
        self._say_state(client, online=False)
        until_s = self._reporter.clock.monotonic_s() + FAREWELL_S
        while client.want_write():
            left_s = until_s - self._reporter.clock.monotonic_s()
            if left_s <= 0 or self._turn(client, min(left_s, 0.05)) is None:
                return

    # -- what paho calls back, on this thread

    def _on_socket_open(self, _client: paho.Client, _data: Any, handle: Any) -> None:
        # without NODELAY, Nagle and delayed ACKs cost 14 to 44 ms for every message of a picture's size
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._settings.send_buffer_bytes is not None:
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._settings.send_buffer_bytes)

    def _on_connect(
        self, client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            log.warning("the broker refuses us: %s", reason)
            client.disconnect()
            return
        kiosk = self._keys.kiosk
        down = topics.receipts(kiosk).removesuffix("rcpt") + "#"
        client.subscribe([(down, 1), (topics.watchlist(), 1), (topics.policy(), 1), (topics.trust(), 1)])
        self.connected = True
        self._reporter.forget_last()
        held = (TopicKind.POLICY, TopicKind.WATCHLIST, TopicKind.TRUST)
        request = self._reporter.request(*(self._inbox.order(kind)[0] for kind in held))
        client.publish(topics.request(kiosk), request, qos=1)

    def _on_publish(
        self, _client: paho.Client, _data: Any, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        key = self._keys_of.pop(mid, None)
        if key is None:
            self._proven = self._heard.link_works = True
        elif reason.is_failure:
            self._heard.refused.append(key)
        else:
            self._heard.link_works = True
            self._heard.acknowledged.append(key)

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        try:
            where = topics.parse(message.topic)
            if where.kind is TopicKind.RECEIPTS:
                batch = open_receipts(bytes(message.payload), self._keys.receipts, self._keys.kiosk)
                self._heard.batches.append(batch)
                return
        except (MessageError, UnicodeDecodeError) as error:
            self.forged += 1
            log.warning("a message from the broker is not taken: %s", getattr(error, "reason", "bad_topic"))
            self._notice("receipt_not_genuine")
            return
        if self._inbox.receive(where.kind, bytes(message.payload)) in (Verdict.REFUSED, Verdict.REUSED):
            self._notice(f"{where.kind.value}_not_genuine")
