"""The chip step on small ports: the real Runner, the real driver, and a chip in the same process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from appliance.journey.machine import Event, State
from appliance.journey.view import Touch
from appliance.vision.track import Sighting
from border.documents.certificates import read_certificate, read_crl
from border.documents.trust_store import TrustStore
from border.encounter import ChipFact, SampleKind
from border.findings import Finding, Verdict
from border.messages.trust import Trust
from border.rules.default import DEVELOPMENT
from drivers.deadline import Deadline
from drivers.errors import DocumentRemoved
from simulators.passport import lds, on_chip
from simulators.passport.document import Issuer, Make, issuer
from simulators.passport.pki import crl, csca, signer
from simulators.passport_chip import Chip
from simulators.travellers import Traveller, traveller
from tests.appliance.small_ports import Tray
from tests.appliance.test_runner import ZONE, Rig, play, until
from tests.journeys.rows import Row

WHO = traveller("skipper")
TODAY = datetime.now(UTC).date()
MIDDLE = 25  # the command by which some files are read and others are not


@pytest.fixture(scope="module")
def by() -> Issuer:
    return issuer(TODAY)


@pytest.fixture(scope="module")
def trust(by: Issuer) -> Trust:
    now = datetime.now(UTC)
    lists = (read_crl(crl(by.authority, (), now)),)
    store = TrustStore((read_certificate(by.authority.certificate),), crls=lists)
    return Trust(5, round(now.timestamp() * 1000), store)


@pytest.fixture
def chip(by: Issuer) -> Chip:
    return on_chip.genuine(WHO, TODAY, by)


def rig_of(front: Sighting, tray: Tray, trust: Trust | None, **limits: float) -> Rig:
    rig = Rig(front, tray=tray)
    rig.papers.trust = trust
    rig.papers.policy = replace(DEVELOPMENT, chip=replace(DEVELOPMENT.chip, **limits))  # type: ignore[arg-type]
    return rig


async def handed_over(rig: Rig) -> None:
    """When the chip step has ended, to an officer."""
    await rig.reach(State.FACE)
    await asks_for_an_officer(rig)


async def asks_for_an_officer(rig: Rig) -> None:
    await rig.at(State.FACE)
    rig.runner.touch(Touch.OFFICER)
    await rig.at(State.REFERRED)


def said(rig: Rig, check: str = "chip_trust") -> Finding:
    return next(finding for finding in rig.findings if finding.check == check)


def recorded(rig: Rig) -> ChipFact:
    assert rig.checked.chip is not None
    return rig.checked.chip


def after(front: Sighting, tray: Tray, trust: Trust | None, **limits: float) -> Rig:
    rig = rig_of(front, tray, trust, **limits)
    play(rig, handed_over)
    return rig


@pytest.mark.parametrize("picture", [lds.JPEG, lds.JPEG_2000])
def test_a_good_chip_clears_and_its_portrait_is_compared_and_kept(
    front: Sighting, by: Issuer, trust: Trust, picture: str
) -> None:
    async def act(rig: Rig) -> None:
        await rig.reach(State.CLEARED)
        assert said(rig).reason == "chip_genuine"
        assert said(rig, "chip_matches_zone").reason == "zone_agrees"
        assert rig.compared.reason == "portrait_agrees"
        (kept,) = (sample for sample in rig.book.written[-1][1] if sample.kind is SampleKind.PORTRAIT)
        assert (kept.device, kept.media_type) == (tray.device, "image/jpeg" if picture == lds.JPEG else "image/png")
        chip = recorded(rig)
        assert (chip.assurance, chip.store_version, chip.signer_country, chip.reasons) == (3, 5, "UT", ())
        assert chip.zone_same_shape and not chip.zone_differences

    tray = Tray()
    tray.chip = on_chip.genuine(WHO, TODAY, by, Make(picture=picture))
    play(rig_of(front, tray, trust), act)


def test_without_a_trust_store_the_same_chip_refers(front: Sighting, chip: Chip) -> None:
    tray = Tray()
    tray.chip = chip
    rig = after(front, tray, None)
    assert (said(rig).verdict, said(rig).reason) == (Verdict.NOT_DONE, "trust_store_absent")
    assert ("signer_unknown", "UT") in recorded(rig).reasons


def forged(_who: Traveller, _today: date, _by: Issuer) -> Chip:
    """Everything as it should be, by an authority of the same name that nobody believes."""
    now = datetime.now(UTC)
    valid = (now - timedelta(days=9), now + timedelta(days=999))
    authority = csca(valid, name_of_key="forger")
    return on_chip.genuine(WHO, TODAY, Issuer(authority, signer(authority, valid, common="DS of nobody")))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (on_chip.photograph_changed, "dg_hash_mismatch"),
        (on_chip.copied, "clone_suspected"),
        (forged, "signer_unknown"),
        (on_chip.for_another_page, "zone_differs"),
    ],
)
def test_a_chip_that_is_not_as_issued_is_the_one_reason_to_refer(
    front: Sighting, by: Issuer, trust: Trust, make: Callable[[Traveller, date, Issuer], Chip], reason: str
) -> None:
    async def act(rig: Rig) -> None:
        await rig.reach(State.FINGER)
        rig.glass.finger = 90
        await rig.at(State.REFERRED)
        assert rig.recommended.reasons == (reason,)
        assert SampleKind.PORTRAIT in {sample.kind for sample in rig.book.written[-1][1]}

    tray = Tray()
    tray.chip = make(WHO, TODAY, by)
    play(rig_of(front, tray, trust), act)


def test_taken_up_twice_it_is_asked_for_and_then_read(front: Sighting, chip: Chip, trust: Trust) -> None:
    tray = Tray()
    tray.chip, tray.removed_at = chip, [MIDDLE, 1]
    rig = after(front, tray, trust)
    assert said(rig).reason == "chip_genuine"


def test_taken_up_each_time_the_journey_goes_on_without(front: Sighting, chip: Chip, trust: Trust) -> None:
    tray = Tray()
    tray.chip, tray.removed_at = chip, [MIDDLE] * 3 + [0]
    rig = after(front, tray, trust)
    assert (said(rig).reason, rig.checked.chip) == ("chip_removed", None)
    assert tray.removed_at == [0]


def test_taken_up_and_not_put_down_again_is_not_absent(front: Sighting, chip: Chip, trust: Trust) -> None:
    async def act(rig: Rig) -> None:
        await rig.reach(State.CHIP)
        await until(lambda: rig.runner.view.hint == "put_down_again")
        await asks_for_an_officer(rig)
        assert said(rig).reason == "chip_removed"

    tray = Gone()
    tray.chip = chip
    play(rig_of(front, tray, trust, wait_s=1.0), act)


class Gone(Tray):
    """Once taken away it stays away."""

    def transmit(self, _command: bytes, _deadline: Deadline) -> bytes:
        self.chip = None
        raise DocumentRemoved(self.device, "taken away")


def test_no_chip_is_waited_for_as_long_as_policy_says(front: Sighting, trust: Trust) -> None:
    rig = after(front, Tray(), trust, wait_s=0.5)
    assert said(rig) == Finding("chip_trust", Verdict.NOT_DONE, "chip_absent")
    assert said(rig, "chip_matches_zone").reason == "chip_absent"


def test_a_chip_that_falls_silent_is_left_when_its_time_is_over(front: Sighting, chip: Chip, trust: Trust) -> None:
    tray = Tray()
    tray.chip, tray.is_mute = chip, True
    assert said(after(front, tray, trust, read_s=0.5)).reason == "chip_too_slow"


def test_a_zone_that_does_not_open_the_chip_says_so(front: Sighting, by: Issuer, trust: Trust) -> None:
    tray = Tray()
    tray.chip = on_chip.genuine(traveller("deckhand"), TODAY, by)
    rig = after(front, tray, trust)
    assert (said(rig).reason, rig.checked.chip) == ("chip_denied", None)


def test_a_reader_that_comes_back_in_a_moment_costs_nothing(front: Sighting, chip: Chip, trust: Trust) -> None:
    async def act(rig: Rig) -> None:
        await rig.reach(State.DOCUMENT)
        tray.gone = 2
        rig.slot.zones.put(ZONE)
        await asks_for_an_officer(rig)
        assert said(rig).reason == "chip_genuine"

    tray = Tray()
    tray.chip = chip
    play(rig_of(front, tray, trust), act)


def test_a_reader_that_stays_away_is_gone_without(front: Sighting, chip: Chip, trust: Trust) -> None:
    tray = Tray()
    tray.chip, tray.gone = chip, 1000
    rig = after(front, tray, trust)
    assert said(rig).reason == "chip_reader_failed"
    assert dict(rig.devices.health)["chip_reader"] == "DEV-GONE"


def test_who_cannot_goes_on_and_who_waits_too_long_is_let_go(front: Sighting, walked: Callable[[], list[Row]]) -> None:
    async def cannot(rig: Rig) -> None:
        await rig.reach(State.CHIP)
        assert rig.runner.touch(Touch.CANNOT)
        await asks_for_an_officer(rig)
        assert said(rig).reason == "chip_not_presented"

    async def dawdles(rig: Rig) -> None:
        await rig.reach(State.CHIP)
        await until(lambda: (State.CHIP, Event.TIMED_OUT) in walked())
        await rig.at(State.IDLE)

    play(rig_of(front, Tray(), None), cannot)
    play(Rig(front, tray=Tray(), scale=0.05), dawdles)


def test_a_tolerant_policy_clears_who_has_no_chip(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        await rig.reach(State.CLEARED)
        assert said(rig) == Finding("chip_trust", Verdict.CLEAR, "chip_absent")

    play(rig_of(front, Tray(), None, wait_s=0.3, tolerated=("chip_absent",)), act)  # type: ignore[arg-type]
