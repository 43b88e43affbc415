"""Signed lists: what headquarters writes is what a kiosk's key opens, and a wrong file is named, not signed."""

from __future__ import annotations

import json
import ssl
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from border.messages import topics
from border.rules.codec import load_policy
from border.rules.default import DEVELOPMENT
from border.watchlist.codec import load_list
from border.watchlist.values import Born, Entry, ListedName
from central import announcer, ca, lists
from central.files import parse_public
from tests.central.broker import running_broker

TOML = """
version = 3
issued_at_ms = 1790000000000
[[entries]]
id = "a"
action = "speak_alone"
names = [{primary = "SPECIMEN", secondary = "ANNA"}]
born = {year = 1990, month = 2}
[[entries]]
id = "b"
action = "document_stolen"
documents = ["X1234567"]
issuing_state = "UTO"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ca.init(tmp_path / "ca", ["quay-1"], datetime.now(UTC))
    return tmp_path / "ca"


def test_policy_and_watchlist_open_with_the_key_the_kiosk_was_given(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "wanted.toml").write_text(TOML)
    words = ["write", str(folder / "centre"), str(tmp_path / "out"), "--watchlist", str(tmp_path / "wanted.toml")]
    assert lists.main(words) == 0
    key = parse_public((folder / "kiosks" / "quay-1" / "hq-policy.pub").read_bytes())
    assert load_policy((tmp_path / "out" / lists.POLICY_FILE).read_bytes(), key) == DEVELOPMENT
    listed = load_list((tmp_path / "out" / lists.LIST_FILE).read_bytes(), key)
    assert (listed.version, listed.issued_at_ms) == (3, 1_790_000_000_000)
    assert listed.entries == (
        Entry("a", (ListedName("SPECIMEN", "ANNA"),), Born(1990, 2), (), "", "speak_alone"),
        Entry("b", (), Born(), ("X1234567",), "UTO", "document_stolen"),
    )


def test_json_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "wanted.json"
    path.write_text(json.dumps({"version": 1, "entries": [{"id": "a", "action": "x", "documents": ["1"]}]}))
    listed = lists.read_watchlist(path, 5)
    assert (listed.issued_at_ms, listed.entries[0].documents) == (5, ("1",))


def test_every_mistake_of_a_file_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    entries = [
        {"id": "a", "action": "x"},
        {"action": "x", "documents": ["1"]},
        {"id": "c", "action": "Not A Word", "documents": ["1"]},
        {"id": "d", "action": "x", "documents": [7]},
        {"id": "e", "action": "x", "documents": ["1"], "colour": "red"},
        {"id": "f", "action": "x", "documents": ["1"], "born": {"month": 13}},
        "nonsense",
    ]
    path.write_text(json.dumps({"version": 1, "entries": entries}))
    with pytest.raises(lists.ListError) as caught:
        lists.read_watchlist(path, 0)
    assert [line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:]] == [
        f"entry {number}" for number in range(1, 8)
    ]


def test_the_same_id_twice_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "twice.json"
    entry = {"id": "a", "action": "x", "documents": ["1"]}
    path.write_text(json.dumps({"version": 1, "entries": [entry, entry]}))
    with pytest.raises(lists.ListError, match="more than once"):
        lists.read_watchlist(path, 0)


def test_a_wrong_file_ends_with_two_and_signs_nothing(folder: Path, tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "wrong.toml").write_text("version = 1\nentries = [{id = 'a'}]\n")
    out = tmp_path / "list.cose"
    words = ["watchlist", str(folder / "centre"), str(tmp_path / "wrong.toml"), "--out", str(out)]
    assert lists.main(words) == 2
    assert "'action' is missing" in capsys.readouterr().err
    assert not out.exists()


def test_published_lists_are_retained_for_whoever_comes_later(tmp_path: Path) -> None:
    with running_broker(tmp_path, ["quay-1"]) as broker:
        where = f"127.0.0.1:{broker.port}"
        (tmp_path / "wanted.toml").write_text(TOML)
        centre = str(broker.centre_folder)
        assert lists.main(["policy", centre, "--broker", where]) == 0
        assert lists.main(["watchlist", centre, str(tmp_path / "wanted.toml"), "--broker", where]) == 0
        found = _retained(broker.kiosk_folder("quay-1"), broker.port, 2)
    key = parse_public((broker.kiosk_folder("quay-1") / "hq-policy.pub").read_bytes())
    assert load_policy(found[topics.policy()], key) == DEVELOPMENT
    assert load_list(found[topics.watchlist()], key).version == 3


def test_what_the_update_office_signed_is_announced_as_it_is(tmp_path: Path) -> None:
    stamp = tmp_path / "timestamp.json"
    stamp.write_bytes(b'{"signatures": [], "signed": {}}')
    with running_broker(tmp_path, ["quay-1"]) as broker:
        command = [str(broker.centre_folder), str(stamp), "--broker", f"127.0.0.1:{broker.port}", "--once"]
        assert announcer.main(command) == 0
        found = _retained(broker.kiosk_folder("quay-1"), broker.port, 1)
        assert found == {topics.announcement(): stamp.read_bytes()}
        for nothing in (b"", b"x" * (announcer.MOST_BYTES + 1)):
            stamp.write_bytes(nothing)
            assert announcer.main(command) == 75
        stamp.unlink()
        assert announcer.main(command) == 75


def test_a_broker_that_is_not_there_is_worth_another_try(folder: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(lists, "PUBLISH_S", 0.3)
    assert lists.main(["policy", str(folder / "centre"), "--broker", "127.0.0.1:1"]) == 75


def _retained(folder: Path, port: int, count: int) -> dict[str, bytes]:
    client = paho.Client(CallbackAPIVersion.VERSION2, "quay-1", protocol=paho.MQTTv311)
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.load_cert_chain(folder / "device.crt", folder / "device.key")
    client.tls_set_context(context)
    found: dict[str, bytes] = {}
    all_here = threading.Event()

    def on_message(_client: object, _data: object, message: paho.MQTTMessage) -> None:
        found[message.topic] = bytes(message.payload)
        if len(found) == count:
            all_here.set()

    client.on_connect = lambda connected, *_: connected.subscribe("landfall/1/all/#", 1)
    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert all_here.wait(10)
    client.disconnect()
    client.loop_stop()
    return found
