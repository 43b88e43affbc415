"""The console's pages, fetched: what the tables hold is what a person reads, and nothing inline or foreign."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from border.encounter import ClockState, OfficerOutcome, Outcome
from border.finger_record import FingerPosition, FingerRecord, write
from border.messages.envelope import Outbound, sign_state
from border.messages.examples import CHECKED
from central import ca
from central.console.app import Console
from central.fleet import Contact
from central.keys import load_centre
from tests.central.author import Traveller
from tests.central.place import NOW_MS, Place, jpeg
from tests.central.serving import serving
from tests.spoiled import spoiled


class TestEncounters:
    def test_the_newest_is_first_with_everything_a_row_promises(self, place: Place) -> None:
        author = place.author()
        place.keep(author.encounter(Traveller(name="FIRST")))
        place.keep(author.encounter(Traveller(name="SECOND", outcome=Outcome.REFERRED, clock=ClockState.UNTRUSTED)))
        page = place.page("/encounters")
        assert page.index("SPECIMEN, SECOND") < page.index("SPECIMEN, FIRST")
        for text in ("quay-1", "X1234567", "attack suspected", "Not decided", "not trusted", "2026-09-21T14:15:00"):
            assert text in page

    @pytest.mark.parametrize(
        ("outcome", "names"),
        [
            ("cleared", {"ONE"}),
            ("referred", {"TWO", "THREE"}),
            ("undecided", {"THREE"}),
            ("refuse", {"TWO"}),
            ("admit", set()),
            ("", {"ONE", "TWO", "THREE"}),
            ("nonsense'--", {"ONE", "TWO", "THREE"}),
        ],
    )
    def test_the_list_is_narrowed_by_outcome(self, place: Place, outcome: str, names: set[str]) -> None:
        author = place.author()
        two = author.encounter(Traveller(name="TWO", outcome=Outcome.REFERRED))
        place.keep(author.encounter(Traveller(name="ONE")), two)
        place.keep(author.decision(two.record.id, OfficerOutcome.REFUSE))
        place.keep(author.encounter(Traveller(name="THREE", outcome=Outcome.REFERRED)))
        page = place.web.get("/encounters", params={"outcome": outcome}).text
        assert {name for name in ("ONE", "TWO", "THREE") if f"SPECIMEN, {name}<" in page} == names

    def test_the_list_is_narrowed_by_kiosk(self, place: Place) -> None:
        place.keep(place.author("quay-1").encounter(Traveller(name="HERE")))
        place.keep(place.author("quay-2").encounter(Traveller(name="THERE")))
        page = place.page("/encounters?kiosk=quay-2")
        assert "SPECIMEN, THERE" in page
        assert "SPECIMEN, HERE" not in page

    def test_older_pages_reach_everything_once(self, place: Place) -> None:
        author = place.author()
        place.keep(*(author.encounter(Traveller(name=f"N{number:03}")) for number in range(120)))
        found: list[str] = []
        path: str | None = "/encounters"
        while path is not None:
            text = place.web.get(path).text
            found += re.findall(r"SPECIMEN, (N\d+)", text)
            older = re.search(r'href="([^"]*before=\d+)">Older', text)
            path = older[1].replace("&amp;", "&") if older else None
        assert found == [f"N{number:03}" for number in reversed(range(120))]

    def test_what_a_stranger_wrote_is_shown_as_text(self, place: Place) -> None:
        place.keep(place.author().encounter(Traveller(name="<script>alert(1)</script>")))
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in place.page("/encounters")

    def test_crossings_are_counted_per_day_and_port(self, place: Place) -> None:
        author = place.author()
        place.report(author)
        place.keep(*(author.encounter() for _ in range(3)))
        page = place.page("/encounters")
        row = r"<td>2026-09-21</td><td>Practice Harbour</td><td>Arrival</td><td><span[^>]*>Cleared</span></td>"
        assert re.search(row + r'<td class="number">3</td>', page)


class TestOneEncounter:
    def test_three_facts_stand_apart_each_with_its_author_and_signature(self, place: Place) -> None:
        author = place.author()
        packed = author.encounter(Traveller(outcome=Outcome.REFERRED))
        place.keep(packed, author.decision(packed.record.id, OfficerOutcome.ADMIT))
        page = place.page(f"/encounters/{packed.record.id}")
        assert page.count("Signature valid") == 3
        for text in (
            "What the machine saw",
            "engine@1",
            "joseph",
            "Admitted",
            "attack score",
            "max 0.5",
            "not decided here",
        ):
            assert text in page
        assert "Signature not valid" not in page

    def test_what_the_chip_proved_is_told_with_the_characters_that_differ(self, place: Place) -> None:
        assert CHECKED.chip is not None
        packed = place.author().encounter(Traveller(chip=CHECKED.chip))
        silent = place.author("quay-2").encounter()
        place.keep(packed, silent)
        page = place.page(f"/encounters/{packed.record.id}")
        for text in ("signed by its state", "brainpoolP256r1", "DG1, DG2, DG14", "version 7", "crl absent (UT)"):
            assert text in page
        assert re.search(r"line 1 position 11 \(name\): <span[^>]*>S</span> on the page, <span[^>]*>5</span>", page)
        assert "<dt>Chip</dt><dd>not read</dd>" in place.page(f"/encounters/{silent.record.id}")

    def test_a_signature_that_no_longer_holds_is_said_so(self, place: Place) -> None:
        packed = place.author().encounter()
        place.keep(packed)
        with place.store.transaction() as t:
            t.rows("UPDATE facts SET signed = ? WHERE kind = 'checked'", (_bent(packed.record.facts[0]),))
        page = place.page(f"/encounters/{packed.record.id}")
        assert "Signature not valid" in page
        assert page.count("Signature valid") == 1

    def test_a_key_revoked_later_is_said_so(self, place: Place) -> None:
        packed = place.author().encounter()
        place.keep(packed)
        ca.revoke(place.folder, "quay-1", datetime.now(UTC))
        assert "key revoked since" in place.page(f"/encounters/{packed.record.id}")

    def test_pictures_are_opened_at_the_centre_and_never_cached(self, place: Place) -> None:
        data = jpeg()
        packed = place.author().encounter(Traveller(pictures=(data,)))
        place.keep(packed)
        path = f"/encounters/{packed.record.id}/pictures/0"
        assert f'src="{path}"' in place.page(f"/encounters/{packed.record.id}")
        answer = place.web.get(path)
        assert answer.content == data
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"] == "no-store"
        stored = b"".join(path.read_bytes() for path in place.folder.glob("centre.db*"))
        assert data[100:400] not in stored

    def test_a_finger_record_shows_the_picture_inside_it_and_a_false_one_is_said_so(self, place: Place) -> None:
        data = bytes(cv2.imencode(".png", np.full((60, 50), 200, np.uint8))[1].tobytes())
        record = write(FingerRecord(FingerPosition.UNKNOWN, 70, 20, 500, 50, 60, data))
        packed = place.author().encounter(Traveller(pictures=(record, b"FIR\0 and nothing more")))
        place.keep(packed)
        path = f"/encounters/{packed.record.id}/pictures"
        assert f'src="{path}/0"' in place.page(f"/encounters/{packed.record.id}")
        answer = place.web.get(f"{path}/0")
        assert (answer.headers["content-type"], answer.content) == ("image/png", data)
        assert place.web.get(f"{path}/1").status_code == 409

    def test_a_picture_that_is_not_all_here_is_not_shown(self, place: Place) -> None:
        packed = place.author().encounter(Traveller(pictures=(jpeg(),)))
        place.take(packed.header)
        assert "Not here yet" in place.page(f"/encounters/{packed.record.id}")
        assert place.web.get(f"/encounters/{packed.record.id}/pictures/0").status_code == 404
        assert "pictures missing" in place.page("/encounters")

    def test_the_raw_document_is_json_with_all_facts(self, place: Place) -> None:
        packed = place.author().encounter()
        place.keep(packed)
        document = json.loads(place.web.get(f"/encounters/{packed.record.id}/raw.json").text)
        assert [fact["kind"] for fact in document["facts"]] == ["checked", "recommended"]
        assert document["records"][0]["digest"] == packed.digest.hex()

    def test_a_broken_chain_is_shown_on_the_record(self, place: Place) -> None:
        author = place.author()
        author.head = bytes(31) + b"1"
        packed = author.encounter()
        place.keep(packed)
        assert "Broken here" in place.page(f"/encounters/{packed.record.id}")

    def test_an_unknown_encounter_is_not_found(self, place: Place) -> None:
        assert place.web.get("/encounters/nothing").status_code == 404


class TestKiosks:
    def test_a_kiosk_shows_its_own_word_and_what_is_missing_of_it(self, place: Place) -> None:
        author = place.author()
        packed = [author.encounter() for _ in range(6)]
        place.keep(packed[0], packed[4])
        place.report(author, quarantined=2, outbox_depth=5)
        page = place.page("/kiosks")
        for text in ("Online", "3 missing", "2 to 4", "Practice Harbour, lane 1", "5, oldest 12 s", ">2</span>"):
            assert text in page
        assert "Sequence 1 to 6 of quay-1: 3 missing" in page
        assert "Never heard" in page  # quay-2

    def test_a_state_with_a_false_signature_is_not_believed(self, place: Place) -> None:
        author = place.author()
        place.report(author)
        with place.store.transaction() as t:
            t.rows("UPDATE kiosks SET state = ?", (_bent(sign_state(author.state(), author.signer)),))
        view = place.fleet()["quay-1"]
        assert (view.report, view.report_problem) == (None, "bad_signature")
        assert "Not believed" in place.page("/kiosks")

    @pytest.mark.parametrize(
        ("online", "silent_ms", "contact"),
        [(True, 0, Contact.ONLINE), (True, 200_000, Contact.QUIET), (False, 0, Contact.OFFLINE)],
    )
    def test_contact_is_what_was_heard_and_when(
        self, place: Place, online: bool, silent_ms: int, contact: Contact
    ) -> None:
        author = place.author()
        place.report(author)
        if not online:
            place.report(author, online=False)
        with place.store.transaction() as t:
            t.rows("UPDATE kiosks SET last_seen_ms = ?", (NOW_MS - silent_ms,))
        assert place.fleet()["quay-1"].contact is contact

    def test_letters_and_alarms_are_listed_with_their_meaning(self, place: Place) -> None:
        packed = place.author().encounter()
        place.keep(packed)
        forged = replace(packed.header, payload=spoiled(packed.header.payload))
        place.take(forged, Outbound("landfall/1/k/quay-2/up/odd", b"?", 1))
        author = place.author()
        author.encounter()
        place.keep(author.encounter(Traveller(name="FORKED"), id=packed.record.id))
        page = place.page("/letters")
        for text in ("bad signature", "does not fit the bytes and the key", "bad topic", "tampered", "quay-2"):
            assert text in page


class TestEveryPage:
    @pytest.mark.parametrize("path", ["/encounters", "/kiosks", "/letters", "/encounters/x", "/static/live.js"])
    def test_carries_the_strict_headers(self, place: Place, path: str) -> None:
        headers = place.web.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"

    @pytest.mark.parametrize("path", ["/encounters", "/kiosks", "/letters"])
    def test_has_nothing_inline_and_nothing_foreign(self, place: Place, path: str) -> None:
        page = place.page(path)
        assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page) == []
        assert re.findall(r'(?:src|href)="(?!/|#)[^"]*"', page) == []
        assert "No login; it listens on 127.0.0.1 only" in page

    def test_another_host_name_is_refused(self, place: Place) -> None:
        assert place.web.get("/encounters", headers={"host": "evil.example"}).status_code == 400

    def test_a_database_that_is_away_is_said_so(self, tmp_path: Path) -> None:
        ca.init(tmp_path, [], datetime.now(UTC))
        console = Console(load_centre(tmp_path / "centre"), f"sqlite:{tmp_path / 'none' / 'x.db'}", lambda: NOW_MS)
        with serving(console) as base:
            answer = httpx.get(f"{base}/encounters")
        assert answer.status_code == 503
        assert "does not answer" in answer.text


def _bent(signed: bytes) -> bytes:
    """One bit of the signature the other way."""
    return signed[:-1] + bytes([signed[-1] ^ 1])
