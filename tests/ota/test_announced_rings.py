"""A ring that begins, and one that is halted, is announced: office, announcer, a real broker and a real client."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from border.messages import topics
from central import announcer
from ota import rollout as rollouts
from ota import signers
from ota.disk import RealDisk
from ota.disk import replace as write_whole
from ota.office import Office, Said, Update
from ota.office_page import OfficePage
from ota.publish import Writer
from ota.release import Release, Role
from ota.rollout import Status, Terms
from tests.central.broker import Broker, running_broker
from tests.ota.conftest import ME, release
from tests.ota.test_channels import LONG_S
from tests.ota.test_client import Kiosk, kiosk, until
from tests.web.serving import serving

__all__ = ["kiosk"]
FLEET = 100
QUIET_S = 5.0
"""So long nobody asks, where nobody is told; the client looks at its file five times in it."""


def now_s() -> int:
    return int(time.time())


def in_ring(number: int) -> tuple[Release, bytes]:
    """A list whose rollout over this fleet reaches our kiosk in that ring, and not before."""
    for salt in range(10_000):
        content = b"policy %d" % salt
        new = release(content, 1, "policy/1.cose")
        bounds = rollouts.begin(new.sha256, FLEET + 1, Terms()).bounds
        if bounds[number - 1] <= rollouts.bucket(new.sha256, ME.device) < bounds[number]:
            return new, content
    raise AssertionError("no such ring")


class Port:
    """A kiosk that asks once a day, its office with a fleet, and what the broker hands it."""

    def __init__(self, kiosk: Kiosk, folder: Path) -> None:
        self.kiosk, self.folder = kiosk, folder
        folder.mkdir()
        self.office = Office(folder, RealDisk(), now_s, Terms(approval=True))
        for number in range(FLEET):
            self.office.check_in(Said(f"other-{number:03}", ME.hardware, now_s()))

    def settled_s(self) -> int:
        """When it asked last, once it asks no more."""
        while True:
            asked_s = self.asked_s
            time.sleep(QUIET_S)
            if self.asked_s == asked_s:
                return asked_s

    def offer(self, new: Release, content: bytes) -> None:
        """As the release tool does."""
        image, keys = Writer(self.folder / "image"), self.folder / "keys"
        image.add(new, content, (signers.signer(str(keys / "image-policy.pem")),))

    def others_keep(self, new: Release) -> None:
        """All of the fleet that was given it."""
        for number in range(FLEET):
            name = f"other-{number:03}"
            self.office.check_in(Said(name, ME.hardware, now_s()))
            if name in self.office.courses[-1].rollout.given:
                update = Update(new.sha256, "kept", "")
                self.office.check_in(Said(name, ME.hardware, now_s(), {}, {Role.POLICY: update}))

    def start_client(self, address: str) -> None:
        kiosk = self.kiosk
        kiosk.world.image_root, kiosk.world.director_root = self.office.roots()
        kiosk.more = f'office = "{address}"\nannouncement = "announced"\nspread_s = 0\n'
        kiosk.poll_s = LONG_S
        kiosk.settings()
        config = kiosk.folder / "ota.toml"
        config.write_text(config.read_text().replace(kiosk.world.url, f"{address}/"))
        settings, kiosk.settings = kiosk.settings, lambda: None  # type: ignore[method-assign]
        kiosk.processes.append(kiosk.client())
        kiosk.settings = settings  # type: ignore[method-assign]
        until(lambda: self.asked_s > 0)

    @property
    def asked_s(self) -> int:
        """When our kiosk last asked."""
        return max((said.at_s for said in self.office.devices if said.device == ME.device), default=0)


@contextmanager
def listening(broker: Broker, into: Path) -> Iterator[None]:
    """What the kiosk's program does with an announcement: a whole file, unread (`appliance.updates`)."""
    folder = broker.kiosk_folder("quay-1")
    client = paho.Client(CallbackAPIVersion.VERSION2, "quay-1", protocol=paho.MQTTv311)
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.load_cert_chain(folder / "device.crt", folder / "device.key")
    client.tls_set_context(context)

    def subscribe(one: paho.Client, *_: object) -> None:
        one.subscribe(topics.announcement(), 1)

    client.on_connect = subscribe
    client.on_message = lambda _client, _data, message: write_whole(RealDisk(), into, bytes(message.payload))
    client.connect("localhost", broker.port)
    client.loop_start()
    try:
        yield
    finally:
        client.disconnect()
        client.loop_stop()


@contextmanager
def announcing(broker: Broker, stamp: Path) -> Iterator[None]:
    leaving = threading.Event()
    where = f"127.0.0.1:{broker.port}"
    thread = threading.Thread(target=announcer.run, args=(broker.centre_folder, where, stamp, leaving))
    thread.start()
    try:
        yield
    finally:
        leaving.set()
        thread.join()


@pytest.mark.timeout(600)
def test_a_ring_that_a_person_begins_is_noticed_at_once_by_who_asks_once_a_day(kiosk: Kiosk, tmp_path: Path) -> None:
    port = Port(kiosk, tmp_path / "office")
    new, content = in_ring(1)
    stamp = port.folder / "image" / "metadata" / "timestamp.json"
    with (
        running_broker(tmp_path, ["quay-1"]) as broker,
        listening(broker, kiosk.folder / "announced"),
        serving(OfficePage(port.office, port.folder, port.folder, now_s).app()) as address,
    ):
        port.start_client(address)
        with announcing(broker, stamp):
            until((kiosk.folder / "announced").exists)
            port.offer(new, content)
            assert httpx.post(f"{address}/begin", data={"release": new.name}).status_code == 303
            began_s = now_s()
            until(lambda: port.asked_s >= began_s)  # it heard, and was told that it is not its turn
            assert kiosk.told() == []
            port.others_keep(new)
            port.office.tick()
            assert port.office.courses[-1].rollout.status is Status.WAITING
        asked_s = port.settled_s()  # of all that was announced until now it has heard
        assert httpx.post(f"{address}/go-on", data={"release": new.name}).status_code == 303
        time.sleep(QUIET_S)
        assert port.asked_s == asked_s, "nobody announces: it knows of nothing"
        with announcing(broker, stamp):
            until(lambda: bool(kiosk.told()) and kiosk.told()[-1]["state"] == "kept")
        assert kiosk.told()[-1]["sha256"] == new.sha256


def test_all_that_changes_what_devices_are_told_is_announced_and_nothing_else(tmp_path: Path) -> None:
    office = Office(tmp_path, RealDisk(), now_s, Terms(approval=True))
    image = Writer(tmp_path / "image")
    seen = [image.timestamp()]

    def is_new() -> bool:
        seen.append(image.timestamp())
        return seen[-1] != seen[-2]

    for number in range(40):
        office.check_in(Said(f"other-{number}", "practice", now_s()))
    assert not is_new()
    new = office.publish(Role.APPS, "kiosk.zip", b"app", "1", ("practice",))
    assert is_new()
    for number in range(40):
        office.check_in(Said(f"other-{number}", "practice", now_s()))
        if f"other-{number}" in office.courses[-1].rollout.given:
            office.check_in(
                Said(f"other-{number}", "practice", now_s(), {}, {Role.APPS: Update(new.sha256, "kept", "")})
            )
    office.tick()
    assert office.courses[-1].rollout.status is Status.WAITING
    assert not is_new()
    office.go_on(new.name)
    assert is_new()
    office.halt(new.name, "a person halted it")
    assert is_new()
    office.halt(new.name, "again")
    assert not is_new()
    office.go_on(new.name)
    assert is_new()
