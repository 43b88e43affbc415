"""Links as they are on a quay: slow, cut every few seconds, and closed to whoever has no certificate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from appliance.keys import TlsFiles
from appliance.reporting.settings import Settings
from border.encounter import SampleKind
from central.certificates import LIFETIME, Authority, client_certificate, new_authority, new_key, server_certificate
from tests.post.world import DEVICE_KEY, KIOSK, crossing
from tests.reporting.broker import Mosquitto
from tests.reporting.centre import TestCentre
from tests.reporting.kiosk import Kiosk, wait_until
from tests.reporting.slow_link import SlowLink

MEGABIT = 125_000.0


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


def small_buffers(settings: Settings) -> Settings:
    return replace(settings, send_buffer_bytes=16384)


def test_an_alarm_overtakes_pictures_on_a_megabit(tmp_path: Path, broker: Mosquitto, centre: TestCentre) -> None:
    link = SlowLink(broker.port, bytes_per_s=MEGABIT).start()
    kiosk = Kiosk(tmp_path, link.port, settings=small_buffers).start()
    try:
        wait_until(lambda: kiosk.publisher.connected)
        kiosk.record(crossing(((SampleKind.FACE, 900_000),)))
        for n in range(1, 4):
            wait_until(lambda n=n: len(centre.parts) >= 4 * n)  # type: ignore[misc]
            kiosk.alarm()
            wait_until(lambda n=n: len(centre.alarms) == n)  # type: ignore[misc]
        assert not centre.complete()  # the picture is still on its way
    finally:
        assert kiosk.stop()
        link.stop()


def test_pictures_arrive_over_a_link_that_is_cut_again_and_again_without_much_waste(
    tmp_path: Path, broker: Mosquitto, centre: TestCentre
) -> None:
    link = SlowLink(broker.port, bytes_per_s=2 * MEGABIT, cut_after_s=2.5).start()
    kiosk = Kiosk(tmp_path, link.port, settings=small_buffers).start()
    try:
        id = kiosk.record(crossing(((SampleKind.FACE, 1_000_000),)))
        wait_until(lambda: kiosk.rows() == 0, 27)
        assert centre.complete() == {id}
        assert link.cuts >= 1
        assert link.sent / 1_000_000 < 2.2
        assert kiosk.counts().quarantined == 0
    finally:
        assert kiosk.stop()
        link.stop()


ACL = "pattern write landfall/1/k/%u/up/#\npattern read landfall/1/k/%u/down/#\npattern read landfall/1/all/#\n"


def write_pki(folder: Path, name: str, *, broker_since: timedelta = timedelta()) -> TlsFiles:
    """A throw-away authority, a broker's certificate, and the kiosk's under `name`."""
    now = datetime.now(UTC)
    key = new_key()
    authority = Authority(key, new_authority(key, now))
    broker_key = new_key()
    names = ["localhost", "127.0.0.1"]
    broker = server_certificate(authority, broker_key.public_key(), names, now + broker_since)
    device = client_certificate(authority, DEVICE_KEY.public_key(), name, now)
    for file, data in {
        "ca.crt": authority.certificate.public_bytes(Encoding.PEM),
        "broker.crt": broker.public_bytes(Encoding.PEM),
        "broker.key": pem(broker_key),
        "device.crt": device.public_bytes(Encoding.PEM),
        "device.key": pem(DEVICE_KEY),
    }.items():
        (folder / file).write_bytes(data)
    (folder / "acl").write_text(ACL)
    (folder / "acl").chmod(0o600)
    return TlsFiles(folder / "ca.crt", folder / "device.crt", folder / "device.key")


def pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def secured(folder: Path) -> Mosquitto:
    """Mutual TLS on `port`; the certificate's name is the user, who may write only below its own topics."""
    mosquitto = Mosquitto(folder, anonymous=False)
    path = folder / "mosquitto.conf"
    lines = [
        "per_listener_settings false",
        f"listener {mosquitto.port} 127.0.0.1",
        f"cafile {folder}/ca.crt",
        f"certfile {folder}/broker.crt",
        f"keyfile {folder}/broker.key",
        "tls_version tlsv1.3",
        "require_certificate true",
        "use_identity_as_username true",
        "use_username_as_clientid true",
        "allow_anonymous false",
        f"acl_file {folder}/acl",
        "max_packet_size 262144",
        "max_queued_messages 1000",
        "log_type all",
        *(["user root"] if folder.owner() == "root" else []),
    ]
    path.write_text("\n".join(lines) + "\n")
    return mosquitto


def test_mutual_tls_lets_the_kiosk_in_by_its_certificate(tmp_path: Path) -> None:
    tls = write_pki(tmp_path, KIOSK)
    mosquitto = secured(tmp_path).start()
    kiosk = Kiosk(tmp_path, mosquitto.port, tls=tls, host="localhost").start()
    try:
        kiosk.record(crossing(((SampleKind.FACE, 200_000),)))
        wait_until(lambda: kiosk.publisher.connected)
        wait_until(
            lambda: kiosk.keeper.ask(lambda j: j.outbox.flights.wire_messages == 0 and len(j.outbox.flights) > 4)
        )
        assert f"as {KIOSK}" in (tmp_path / "mosquitto.log").read_text()
        assert kiosk.counts().depth == 1  # no centre, no receipt: it stays
    finally:
        assert kiosk.stop()
        mosquitto.kill()


def test_a_certificate_of_another_authority_is_not_let_in_and_nothing_is_published(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    write_pki(ours, KIOSK)
    stranger = write_pki(theirs, KIOSK)
    mosquitto = secured(ours).start()
    tls = TlsFiles(ours / "ca.crt", stranger.certificate, stranger.key)
    kiosk = Kiosk(tmp_path, mosquitto.port, tls=tls, host="localhost").start()
    try:
        kiosk.record(crossing(()))
        time.sleep(2.5)
        assert not kiosk.publisher.connected
        assert kiosk.keeper.ask(lambda j: len(j.outbox.flights)) == 0
    finally:
        assert kiosk.stop()
        mosquitto.kill()


def test_a_broker_of_another_authority_is_not_talked_to(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    tls = write_pki(ours, KIOSK)
    write_pki(theirs, KIOSK)
    mosquitto = secured(theirs).start()
    kiosk = Kiosk(tmp_path, mosquitto.port, tls=tls, host="localhost").start()
    try:
        time.sleep(1.5)
        assert "New client connected" not in (theirs / "mosquitto.log").read_text()
        assert not kiosk.publisher.connected
    finally:
        assert kiosk.stop()
        mosquitto.kill()


@pytest.mark.parametrize(
    ("clock", "since"), [("90 days slow", timedelta(days=90)), ("90 days fast", -LIFETIME - timedelta(days=90))]
)
def test_a_clock_that_nobody_set_does_not_keep_the_kiosk_from_reporting_and_is_said(
    tmp_path: Path, clock: str, since: timedelta
) -> None:
    tls = write_pki(tmp_path, KIOSK, broker_since=since)
    mosquitto = secured(tmp_path).start()
    kiosk = Kiosk(tmp_path, mosquitto.port, tls=tls, host="localhost", clock_is_set=False).start()
    try:
        wait_until(lambda: kiosk.publisher.connected)
        assert kiosk.publisher.marks == (("uplink.certificate", "dates_unchecked"),), clock
    finally:
        assert kiosk.stop()
        mosquitto.kill()


@pytest.mark.parametrize("why", ["the clock is set", "it ended before the floor", "the ministry wants the time first"])
def test_a_certificate_out_of_date_is_refused_where_the_time_is_known(tmp_path: Path, why: str) -> None:
    tls = write_pki(tmp_path, KIOSK, broker_since=-LIFETIME - timedelta(days=90))
    mosquitto = secured(tmp_path).start()
    kiosk = Kiosk(
        tmp_path,
        mosquitto.port,
        tls=tls,
        host="localhost",
        clock_is_set=why == "the clock is set",
        settings=lambda s: replace(s, without_clock=why != "the ministry wants the time first"),
    )
    if why == "it ended before the floor":
        kiosk.times.raise_floor(round(datetime.now(UTC).timestamp() * 1000))
    kiosk.start()
    try:
        wait_until(lambda: "New connection" in (tmp_path / "mosquitto.log").read_text())
        wait_until(lambda: (tmp_path / "mosquitto.log").read_text().count("New connection") > 1)  # it tried again
        assert not kiosk.publisher.connected
        assert f"as {KIOSK}" not in (tmp_path / "mosquitto.log").read_text()
    finally:
        assert kiosk.stop()
        mosquitto.kill()


def test_a_certificate_file_that_is_gone_is_waited_for(tmp_path: Path) -> None:
    tls = write_pki(tmp_path, KIOSK)
    mosquitto = secured(tmp_path).start()
    certificate = tls.certificate.read_bytes()
    tls.certificate.unlink()
    kiosk = Kiosk(tmp_path, mosquitto.port, tls=tls, host="localhost").start()
    try:
        time.sleep(0.3)
        assert kiosk.publisher.is_alive
        tls.certificate.write_bytes(certificate)
        wait_until(lambda: kiosk.publisher.connected)
    finally:
        assert kiosk.stop()
        mosquitto.kill()
