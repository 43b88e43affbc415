"""Headquarters' side: what it tells whom, what it keeps through a restart, and its page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tuf.api.metadata import Metadata, Targets

from ota import signers
from ota.disk import RealDisk
from ota.office import Hour, Office, Said, Update
from ota.office_page import Doors, OfficePage, read_hours
from ota.online import Online
from ota.publish import Writer
from ota.refusals import Unpublished
from ota.release import Release, Role
from ota.rollout import Status, Terms
from ota.tree import unpack
from ota.workflow import WITHDRAWN
from tests.ota.conftest import release
from tests.ota.crash import RecordingDisk
from tests.web.serving import serving

NOON_S = 1_795_600_000


class Clock:
    now_s = NOON_S

    def __call__(self) -> int:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def office(folder: Path, clock: Clock, terms: Terms | None = None) -> Office:
    return Office(folder, RealDisk(), clock, terms or Terms(approval=False))


def said(device: str, clock: Clock, sha256: str = "", state: str = "", reason: str = "") -> Said:
    updates: dict[str, Update] = {Role.APPS: Update(sha256, state, reason)} if sha256 else {}
    return Said(device, "practice", clock(), {Role.APPS: sha256} if sha256 else {}, updates)


def told(folder: Path, device: str) -> dict[str, str]:
    """Path -> sha256, as the newest targets of its director repository say."""
    metadata = folder / "director" / device / "metadata"
    newest = max(metadata.glob("*.targets.json"), key=lambda path: int(path.name.split(".")[0]))
    return {n: t.hashes["sha256"] for n, t in Metadata[Targets].from_file(str(newest)).signed.targets.items()}


def test_a_device_is_told_of_the_release_and_all_directors_have_one_root(tmp_path: Path, clock: Clock) -> None:
    one = office(tmp_path, clock)
    one.check_in(said("kiosk-1", clock))
    assert told(tmp_path, "kiosk-1") == {}
    new = one.publish(Role.APPS, "kiosk.zip", b"app", "1", ("practice",))
    for device in ("kiosk-1", "kiosk-2"):
        one.check_in(said(device, clock))
        assert told(tmp_path, device) == {new.name: new.sha256}
        root = tmp_path / "director" / device / "metadata" / "1.root.json"
        assert root.read_bytes() == one.roots()[1]


def test_a_failure_halts_and_nobody_else_is_told(tmp_path: Path, clock: Clock) -> None:
    one = office(tmp_path, clock)
    good = one.publish(Role.APPS, "kiosk.zip", b"good", "1", ("practice",))
    for device in ("kiosk-1", "kiosk-2", "kiosk-3"):
        one.check_in(said(device, clock))
        one.check_in(said(device, clock, good.sha256, "kept"))
    bad = one.publish(Role.APPS, "kiosk.zip", b"bad", "2", ("practice",))
    assert bad.name != good.name
    assert bad.counter == good.counter + 1
    one.check_in(said("kiosk-1", clock, good.sha256, "kept"))
    assert told(tmp_path, "kiosk-1") == {bad.name: bad.sha256}
    one.check_in(said("kiosk-1", clock, bad.sha256, "rolled_back", "OTA-GATE: it does not answer"))
    assert one.courses[-1].rollout.status is Status.HALTED
    for device in ("kiosk-1", "kiosk-2"):
        one.check_in(said(device, clock, good.sha256, "kept"))
        assert told(tmp_path, device) == {good.name: good.sha256}


def test_who_gives_it_back_untried_is_no_failure(tmp_path: Path, clock: Clock) -> None:
    one = office(tmp_path, clock)
    good = one.publish(Role.APPS, "kiosk.zip", b"good", "1", ("practice",))
    for device in ("kiosk-1", "kiosk-2"):
        one.check_in(said(device, clock))
        one.check_in(said(device, clock, good.sha256, "kept"))
    bad = one.publish(Role.APPS, "kiosk.zip", b"bad", "2", ("practice",))
    for device in ("kiosk-1", "kiosk-2"):
        one.check_in(said(device, clock, good.sha256, "kept"))
    one.check_in(said("kiosk-1", clock, bad.sha256, "rolled_back", "OTA-GATE: it does not answer"))
    for _ in range(2):
        one.check_in(said("kiosk-2", clock, bad.sha256, "refused", WITHDRAWN))
        rollout = one.courses[-1].rollout
        assert (rollout.status, rollout.failed, rollout.open) == (Status.HALTED, ("kiosk-1",), ())
        assert set(rollout.given) == {"kiosk-1"}
    one.check_in(said("kiosk-1", clock, bad.sha256, "refused", WITHDRAWN))
    assert one.courses[-1].rollout.failed == ("kiosk-1",), "what it failed with before stays"
    one.go_on(bad.name)
    one.check_in(said("kiosk-2", clock, bad.sha256, "refused", WITHDRAWN))
    assert one.courses[-1].rollout.open == ("kiosk-2",), "given it once more"
    assert told(tmp_path, "kiosk-2") == {bad.name: bad.sha256}


def test_halting_does_not_send_back_who_has_kept_it(tmp_path: Path, clock: Clock) -> None:
    one = office(tmp_path, clock)
    one.publish(Role.APPS, "kiosk.zip", b"first", "1", ("practice",))
    one.check_in(said("kiosk-1", clock))
    new = one.publish(Role.APPS, "kiosk.zip", b"second", "2", ("practice",))
    one.check_in(said("kiosk-1", clock))
    one.check_in(said("kiosk-1", clock, new.sha256, "kept"))
    one.halt(new.name, "a person halted it")
    one.check_in(said("kiosk-1", clock, new.sha256, "kept"))
    assert told(tmp_path, "kiosk-1") == {new.name: new.sha256}


def test_what_was_withdrawn_is_told_to_nobody(tmp_path: Path, clock: Clock) -> None:
    one = office(tmp_path, clock)
    old = one.publish(Role.APPS, "kiosk.zip", b"first", "1", ("practice",))
    one.check_in(said("kiosk-1", clock))
    one.check_in(said("kiosk-1", clock, old.sha256, "kept"))
    new = one.publish(Role.APPS, "kiosk.zip", b"second", "2", ("practice",))
    one.check_in(said("kiosk-1", clock, old.sha256, "kept"))
    assert told(tmp_path, "kiosk-1") == {new.name: new.sha256}
    key = signers.signer(str(tmp_path / "keys" / "image-apps.pem"))
    Writer(tmp_path / "image").withdraw(new, (key,))
    one.tick()
    one.check_in(said("kiosk-1", clock, old.sha256, "kept"))
    assert told(tmp_path, "kiosk-1") == {old.name: old.sha256}


def test_a_release_signed_elsewhere_is_offered_until_a_person_begins_it(tmp_path: Path, clock: Clock) -> None:
    one = office(tmp_path, clock)
    one.check_in(said("kiosk-1", clock))
    key = signers.signer(str(tmp_path / "keys" / "image-apps.pem"))
    new = release(b"app", 7, "apps/7-kiosk", ("practice",))
    Writer(tmp_path / "image").add(new, b"app", (key,))
    assert list(one.offered) == [new]
    one.check_in(said("kiosk-1", clock))
    assert told(tmp_path, "kiosk-1") == {}
    one.begin(new.name)
    assert list(one.offered) == []
    one.check_in(said("kiosk-1", clock))
    assert told(tmp_path, "kiosk-1") == {new.name: new.sha256}
    with pytest.raises(KeyError):
        one.begin(new.name)


def test_with_daily_keys_alone_it_wants_a_ceremony_first(tmp_path: Path, clock: Clock) -> None:
    practice = office(tmp_path / "practice", clock)
    with pytest.raises(Unpublished, match="RELEASE-ROOT"):
        Office(tmp_path / "new", RealDisk(), clock, Terms(), Online(practice._image_keys, practice._director_keys))


def test_a_restart_forgets_nothing(tmp_path: Path, clock: Clock) -> None:
    one = office(tmp_path, clock)
    new = one.publish(Role.APPS, "kiosk.zip", b"app", "1", ("practice",))
    one.check_in(said("kiosk-1", clock))
    again = office(tmp_path, clock)
    assert again.courses == one.courses
    assert again.devices == one.devices
    assert again.roots() == one.roots()
    again.check_in(said("kiosk-1", clock, new.sha256, "kept"))
    again.tick()
    assert again.courses[-1].rollout.status is Status.DONE


def test_asking_often_costs_no_signature(tmp_path: Path, clock: Clock) -> None:
    one = office(tmp_path, clock)
    one.publish(Role.APPS, "kiosk.zip", b"app", "1", ("practice",))
    one.check_in(said("kiosk-1", clock))
    files = sorted((tmp_path / "director" / "kiosk-1" / "metadata").iterdir())
    for _ in range(5):
        one.check_in(said("kiosk-1", clock))
    assert sorted((tmp_path / "director" / "kiosk-1" / "metadata").iterdir()) == files
    before = (tmp_path / "director" / "kiosk-1" / "metadata" / "timestamp.json").read_bytes()
    clock.now_s += 3 * 86400 - 60
    one.check_in(said("kiosk-1", clock))
    one.tick()
    assert (tmp_path / "director" / "kiosk-1" / "metadata" / "timestamp.json").read_bytes() != before


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "x" * 65])
def test_a_device_that_would_leave_its_folder_is_not_heard(tmp_path: Path, clock: Clock, name: str) -> None:
    one = office(tmp_path, clock)
    with pytest.raises(ValueError, match="not usable"):
        one.check_in(said(name, clock))
    assert one.devices == ()


@pytest.fixture
def served(tmp_path: Path, clock: Clock) -> Iterator[tuple[Office, httpx.Client]]:
    tree = tmp_path / "tree"
    for package in ("appliance", "border", "drivers"):
        (tree / package).mkdir(parents=True)
        (tree / package / "__main__.py").write_text("print(1)\n")
    folder = tmp_path / "office"
    folder.mkdir()
    one = office(folder, clock)
    with (
        serving(OfficePage(one, folder, tree, clock).app()) as address,
        httpx.Client(base_url=address, timeout=30) as client,
    ):
        yield one, client


def test_the_page_publishes_and_halts(tmp_path: Path, served: tuple[Office, httpx.Client]) -> None:
    one, client = served
    assert "Nothing has been published yet" in client.get("/").text
    assert client.post("/publish", data={"version": "2026.12"}).status_code == 303
    assert client.post("/publish", data={"version": "2027.01", "broken": "yes"}).status_code == 303
    newest = {"release": one.courses[-1].release.name}
    assert client.post("/halt", data=newest).status_code == 303
    shown = client.get("/").text
    for word in ("2026.12", "2027.01", "Halted", "A person halted it", "Go on with 0 failed"):
        assert word in shown
    assert client.post("/go-on", data=newest).status_code == 303
    assert one.courses[-1].rollout.status is Status.RUNNING
    for course, broken in zip(one.courses, (False, True), strict=True):
        content = tmp_path / "office" / "image" / "targets" / course.release.file
        tree = unpack(RealDisk(), content, tmp_path, course.release.sha256)
        assert ("broken" in (tree / "appliance" / "__main__.py").read_text()) is broken
        assert (tree / "RELEASE").read_text().strip() == course.release.version


@pytest.mark.parametrize("version", ["", "   ", "a\nb"])
def test_a_version_wants_a_name(tmp_path: Path, served: tuple[Office, httpx.Client], version: str) -> None:
    one, client = served
    assert client.post("/publish", data={"version": version}).status_code == 400
    assert one.courses == ()


@pytest.mark.parametrize("button", ["/publish", "/begin", "/halt", "/go-on"])
def test_another_sites_form_is_refused(tmp_path: Path, served: tuple[Office, httpx.Client], button: str) -> None:
    _, client = served
    assert client.post(button, data={"version": "1"}, headers={"sec-fetch-site": "cross-site"}).status_code == 403


GOOD = {"device": "kiosk-1", "hardware": "practice", "running": {}, "updates": {}}
KEPT = {"sha256": "ab", "state": "kept", "reason": ""}


@pytest.mark.parametrize(
    ("word", "status"),
    [
        (GOOD, 204),
        ({**GOOD, "running": {"apps": "ab"}, "updates": {"apps": KEPT, "policy": KEPT}}, 204),
        ({**GOOD, "updates": {"boots": KEPT}}, 400),
        ({**GOOD, "updates": {"apps": {}}}, 400),
        ({**GOOD, "device": "../x"}, 400),
        ({**GOOD, "device": 7}, 400),
        ({**GOOD, "updates": []}, 400),
        ({**GOOD, "running": {"apps": "x" * 201}}, 400),
        ({**GOOD, "running": {"apps": "a\x1b[2J"}}, 400),
        ([], 400),
        ({}, 400),
        ({**GOOD, "log": "a line\nanother"}, 204),
        ({**GOOD, "log": 7}, 400),
        ({**GOOD, "more": "x" * 40_000}, 413),
    ],
)
def test_what_a_device_may_say(tmp_path: Path, served: tuple[Office, httpx.Client], word: object, status: int) -> None:
    _, client = served
    assert client.post("/check-in", json=word).status_code == status


def test_garbage_is_no_device(tmp_path: Path, served: tuple[Office, httpx.Client]) -> None:
    _, client = served
    for garbage in (b"\x00\xff", b"[" * 8000):
        assert client.post("/check-in", content=garbage).status_code == 400


def test_keys_are_no_part_of_what_is_served(tmp_path: Path, served: tuple[Office, httpx.Client]) -> None:
    _, client = served
    for address in (
        "/keys/image-targets.pem",
        "/image/../keys/image-targets.pem",
        "/director/..%2fkeys/image-targets.pem",
    ):
        assert client.get(address).status_code == 404


def test_every_file_of_the_office_is_replaced_whole(tmp_path: Path, clock: Clock) -> None:
    """Its lists go through the same door as everything else that must survive."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "director").mkdir()
    one = office(tmp_path, clock)
    new = one.publish(Role.APPS, "kiosk.zip", b"app", "1", ("practice",))
    one.check_in(said("kiosk-1", clock))
    disk = RecordingDisk(tmp_path)
    Office(tmp_path, disk, clock, Terms()).halt(new.name, "cut here")
    found = {state[Path()].get("rollouts.json") for state in disk.states.values()}
    assert len(found) == 2
    assert None not in found


def canary(folder: Path, clock: Clock) -> tuple[Office, Release, list[str], list[str]]:
    """A first ring that has the release, and all others that wait for a person."""
    one = office(folder, clock, Terms(approval=True))
    devices = [f"kiosk-{n}" for n in range(40)]
    for device in devices:
        one.check_in(said(device, clock))
    release = one.publish(Role.APPS, "kiosk.zip", b"app", "1", ("practice",))
    for device in devices:
        one.check_in(said(device, clock))
        if told(folder, device):
            one.check_in(said(device, clock, release.sha256, "kept"))
    one.tick()
    given = sorted(one.courses[-1].rollout.given)
    assert one.courses[-1].rollout.status is Status.WAITING
    assert 0 < len(given) < 40
    return one, release, given, [device for device in devices if device not in given]


def hours(devices: list[str], at_s: int, referred: int, poor: int) -> list[Hour]:
    return [Hour(device, at_s, 100, referred, poor) for device in devices]


@pytest.mark.parametrize(("referred", "poor", "measure"), [(40, 5, "referrals"), (10, 40, "poor samples")])
def test_a_canary_that_does_worse_than_its_peers_is_halted_with_the_figures(
    tmp_path: Path, clock: Clock, referred: int, poor: int, measure: str
) -> None:
    one, _, tried, others = canary(tmp_path, clock)
    at_s = clock() + 3600
    one.compare([*hours(tried, at_s, 10, 5), *hours(others, at_s, 10, 5)])
    assert one.courses[-1].rollout.status is Status.WAITING
    one.compare([*hours(tried, clock() - 3600, referred, poor), *hours(others, at_s, 10, 5)])  # before it had it
    assert one.courses[-1].rollout.status is Status.WAITING
    one.compare([*hours(tried, at_s, referred, poor), *hours(others, at_s, 10, 5)])
    rollout = one.courses[-1].rollout
    assert rollout.status is Status.HALTED
    assert rollout.why.startswith(f"{measure} is worse with it: {40 * len(tried)} of {100 * len(tried)} against ")


def test_the_certificates_name_must_be_the_devices(tmp_path: Path, clock: Clock) -> None:
    page = OfficePage(office(tmp_path, clock), tmp_path, tmp_path, clock, Doors("x-client-name"))
    with serving(page.app()) as address, httpx.Client(base_url=address, timeout=30) as client:
        for name, status in (("kiosk-1", 204), ("kiosk-2", 403), ("", 403)):
            assert client.post("/check-in", json=GOOD, headers={"x-client-name": name}).status_code == status
        assert client.post("/check-in", json=GOOD).status_code == 403


@pytest.mark.parametrize(
    "data", [b"", b"{}", b'{"rows": [["kiosk-1", 1, 2, 3]]}', b'{"rows": [["kiosk-1", 1, 2, 3, -1]]}', b"[" * 9999]
)
def test_measures_that_are_none(data: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, RecursionError)):
        read_hours(data)


def test_the_centres_measures_are_read() -> None:
    assert read_hours(b'{"rows": [["kiosk-1", 3600, 9, 2, 1]]}') == (Hour("kiosk-1", 3600, 9, 2, 1),)
