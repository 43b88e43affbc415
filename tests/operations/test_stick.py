"""Records on a stick to the centre and its receipts back: nothing lost, nothing taken that is not whole and genuine."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.clock import SystemClock, TimeKeeper
from appliance.operations.__main__ import main
from appliance.operations.export import NotExported, bring_back, export
from appliance.operations.waiting import waiting
from appliance.receipts import FOLDER, take_receipts
from border.messages import stick
from border.messages.errors import MessageError
from border.messages.values import StickManifest
from central import stick as at_centre
from tests.operations.kiosk import KIOSK, Place, make_place
from tests.post.world import stamp
from tests.reporting.kiosk import wait_until


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "usb").mkdir()
    return make_place(tmp_path)


def exported(place: Place, records: int = 3) -> StickManifest:
    place.record(records)
    return export(place.data, place.keys, place.folder / "usb", stamp(), lambda *_: None)


def folder_of(place: Place, manifest: StickManifest) -> Path:
    return place.folder / "usb" / stick.FOLDER / KIOSK / manifest.number


def taken(place: Place, manifest: StickManifest) -> int:
    arguments = ["--folder", str(place.centre.folder), "--database", place.database, str(place.folder / "usb")]
    return at_centre.main(arguments, lambda: stamp().wall_ms)


def alarms_and_settled(place: Place) -> tuple[int, int]:
    """What the running kiosk makes of the receipts in its folder: alarms, and records that still wait."""

    async def run() -> None:
        times = TimeKeeper(SystemClock(), place.data / "time", boot_id="boot-1")
        task = asyncio.create_task(take_receipts(place.data, place.keys, keeper, times))
        await asyncio.to_thread(wait_until, lambda: not list((place.data / FOLDER).glob("*.cose")))
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    keeper = place.keeper()
    asyncio.run(run())
    alarms = keeper.ask(lambda j: len(j.outbox._rows.alarms()))
    depth = keeper.ask(lambda j: j.outbox.counts(0).depth)
    keeper.close()
    return alarms, depth


def test_what_the_centre_took_from_the_stick_leaves_the_kiosk_when_its_receipts_are_back(place: Place) -> None:
    manifest = exported(place)
    assert (manifest.records, len(waiting(place.data))) == (3, 3)  # an export makes nothing leave
    assert taken(place, manifest) == 0
    assert bring_back(place.data, place.keys, place.folder / "usb").files > 0
    assert alarms_and_settled(place) == (0, 0)


def test_many_small_files_hold_the_same_as_one(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.record(3)
    pieces = list(stick.in_files([("a", b"1" * 50), ("b", b"2" * 50), ("c", b"3" * 50)], full_bytes=140))
    assert [begins for begins, _ in pieces] == [True, False, True]
    assert all(data.startswith(stick.MAGIC) for begins, data in pieces if begins)


def test_a_stick_taken_twice_counts_once_and_answers_twice(place: Place) -> None:
    manifest = exported(place)
    assert [taken(place, manifest), taken(place, manifest)] == [0, 0]
    bring_back(place.data, place.keys, place.folder / "usb")
    assert alarms_and_settled(place) == (0, 0)


def test_a_copy_without_its_manifest_is_refused_and_says_so(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = exported(place)
    (folder_of(place, manifest) / stick.MANIFEST).unlink()
    assert taken(place, manifest) == 1
    assert "no_manifest" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["shorter", "changed", "gone"])
def test_a_file_that_is_not_what_was_signed_is_refused(
    place: Place, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = exported(place)
    file = folder_of(place, manifest) / manifest.files[0].name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    spoil: dict[str, Callable[[], object]] = {
        "shorter": lambda: file.write_bytes(data[:-10]),
        "changed": lambda: file.write_bytes(data),
        "gone": file.unlink,
    }
    spoil[what]()
    assert taken(place, manifest) == 1
    assert "wrong_digest" in capsys.readouterr().err


def test_another_kiosks_export_under_this_name_is_refused(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = exported(place)
    mine = folder_of(place, manifest)
    shutil.move(mine, place.folder / "usb" / stick.FOLDER / "quay-2" / manifest.number)
    assert taken(place, manifest) == 1
    assert "bad_signature" in capsys.readouterr().err


def test_a_kiosk_that_nobody_knows_is_refused(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = exported(place)
    mine = folder_of(place, manifest)
    shutil.move(mine, place.folder / "usb" / stick.FOLDER / "quay-9" / manifest.number)
    assert taken(place, manifest) == 1
    assert "unknown_kiosk" in capsys.readouterr().err


def test_receipts_that_are_not_the_centres_are_an_alarm_and_settle_nothing(place: Place) -> None:
    exported(place)
    (place.data / FOLDER).mkdir()
    (place.data / FOLDER / "forged.cose").write_bytes(b"\xd2\x84nonsense")
    assert alarms_and_settled(place) == (1, 3)


def test_nothing_to_export_and_no_room_for_it_are_said(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    keeper = place.keeper()
    keeper.close()
    with pytest.raises(NotExported, match="nothing waits"):
        export(place.data, place.keys, place.folder / "usb", stamp(), lambda *_: None)
    with pytest.raises(NotExported, match="no receipts"):
        bring_back(place.data, place.keys, place.folder / "usb")
    place.record(1)
    assert main(["--config", str(place.config), "export", str(place.folder / "not there")]) == 1
    assert "not there" in capsys.readouterr().err


def test_an_empty_stick_has_nothing_to_take(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--folder", str(place.centre.folder), "--database", place.database, str(place.folder / "usb")]
    assert at_centre.main(arguments, lambda: 0) == 2
    assert "no exports" in capsys.readouterr().err


@pytest.mark.parametrize(
    "data", [b"", b"LFSTICK1\x00", b"LFSTICK1\xff\xff\xff\xff\xff\xff", b"LFSTICK1" + b"\0\1\0\0\0\2ab"]
)
def test_a_file_that_is_none_or_ends_too_early_is_an_error_of_its_own(data: bytes) -> None:
    with pytest.raises(MessageError, match="bad_file"):
        list(stick.messages(io.BytesIO(data)))


def test_a_pipe_or_a_link_on_a_stick_is_neither_waited_for_nor_followed(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = exported(place)
    mine, elsewhere = folder_of(place, manifest), place.folder / "elsewhere"
    os.mkfifo(mine.with_name("pipe"))
    shutil.copytree(mine, elsewhere)
    mine.with_name("link").symlink_to(elsewhere)
    (mine / stick.MANIFEST).unlink()
    os.mkfifo(mine / stick.MANIFEST)
    assert taken(place, manifest) == 1
    assert "no_manifest" in capsys.readouterr().err
    assert not list(elsewhere.glob("receipts-*"))
    os.mkfifo(mine / "receipts-0.cose")
    with pytest.raises(NotExported, match="no receipts"):
        bring_back(place.data, place.keys, place.folder / "usb")
