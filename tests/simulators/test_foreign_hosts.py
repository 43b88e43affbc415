"""Two hosts that others wrote drive our simulated module, unmodified: they and we agree on what the data sheet means.

Their environment is made on demand from requirements/bench-fingerprint.txt and kept under .cache/peers.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bench import finger_hosts
from bench.peers import NoPeer, python_of
from simulators.faults import Faults
from simulators.fingers import Condition, impression, master
from simulators.zfm import R503_SIZE, ZFM_20_SIZE, ZfmSim

Grey = NDArray[np.uint8]
ADDRESS = 0xFFFFFFFF
PATIENCE_S = 60.0  # these hosts cannot ask for a lost byte again, and a busy machine may let one of them wait


def without(reason: str) -> None:
    """Skip by name; in CI nothing may be missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def finger(seed: int, size: tuple[int, int], *, laid: int = 1) -> Grey:
    """An impression of one synthetic finger, cut or widened to the glass."""
    drawn = impression(master(seed), Condition.GOOD, seed=laid)
    return cv2.resize(drawn, size, interpolation=cv2.INTER_AREA).astype(np.uint8)


def picture_at(path: Path) -> Grey:
    seen = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert seen is not None
    return seen.astype(np.uint8)


def four_bits(picture: Grey) -> Grey:
    return (picture & 0xF0).astype(np.uint8)


class Host:
    """The other process."""

    def __init__(self, python: Path, name: str, sim: ZfmSim, password: str) -> None:
        command = [str(python), finger_hosts.__file__, name, str(sim.path), str(sim.baud), password]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.begun = self._heard()

    def do(self, *asked: object) -> Any:
        """What the method returned. Raises `RuntimeError` with what it raised."""
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(asked) + "\n")
        self._child.stdin.flush()
        heard = self._heard()
        if "error" in heard:
            raise RuntimeError(heard["error"])
        return heard["told"]

    def _heard(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        assert line, "the host has ended"
        heard: dict[str, Any] = json.loads(line)
        return heard

    def close(self) -> None:
        assert self._child.stdin is not None and self._child.stdout is not None
        self._child.stdin.close()
        self._child.wait(30)
        self._child.stdout.close()


@pytest.fixture(scope="module")
def python() -> Path:
    try:
        return python_of("fingerprint")
    except NoPeer as error:
        without(str(error))
        raise


@contextmanager
def hosted(python: Path, name: str, sim: ZfmSim, password: str = "00000000") -> Iterator[Host]:
    host = Host(python, name, sim, password)
    try:
        yield host
    finally:
        host.close()
        sim.close()


@pytest.mark.timeout(300)
class TestPyfingerprint:
    """It knows the ZFM-20: 256 x 288."""

    @pytest.fixture
    def sim(self, tmp_path: Path) -> ZfmSim:
        return ZfmSim(tmp_path / "finger", size=ZFM_20_SIZE, faults=Faults(patience_s=PATIENCE_S))

    @pytest.fixture
    def host(self, python: Path, sim: ZfmSim) -> Iterator[Host]:
        with hosted(python, "pyfingerprint", sim) as host:
            yield host

    def test_the_password_and_the_parameters(self, host: Host) -> None:
        assert host.do("verifyPassword") is True
        assert host.do("getSystemParameters") == [0, 9, 1000, 3, ADDRESS, 2, 6]
        assert host.do("getStorageCapacity") == 1000
        assert host.do("getMaxPacketSize") == 128
        assert host.do("getBaudRate") == 57600

    def test_a_picture_arrives_as_it_lies_on_the_glass(self, host: Host, sim: ZfmSim, tmp_path: Path) -> None:
        assert host.do("readImage") is False
        laid = np.add.outer(np.arange(288) * 55 // 288, np.arange(256) * 200 // 256).astype(np.uint8)
        sim.place(laid)
        assert host.do("readImage") is True
        host.do("downloadImage", str(tmp_path / "seen.bmp"))
        assert np.array_equal(four_bits(picture_at(tmp_path / "seen.bmp")), four_bits(laid))

    @pytest.mark.parametrize("size", [32, 256])
    def test_packets_of_another_size(self, host: Host, sim: ZfmSim, tmp_path: Path, size: int) -> None:
        host.do("setMaxPacketSize", size)
        assert host.do("getMaxPacketSize") == size
        sim.place(finger(3, ZFM_20_SIZE))
        host.do("readImage")
        host.do("downloadImage", str(tmp_path / "seen.bmp"))
        assert np.array_equal(four_bits(picture_at(tmp_path / "seen.bmp")), four_bits(finger(3, ZFM_20_SIZE)))

    def test_enrolled_found_compared_and_deleted(self, host: Host, sim: ZfmSim) -> None:
        for buffer in (1, 2):
            sim.place(finger(3, ZFM_20_SIZE))
            assert host.do("readImage") is True
            assert host.do("convertImage", buffer) is True
        assert host.do("compareCharacteristics") == 100
        assert host.do("createTemplate") is True
        assert host.do("storeTemplate") == 0
        assert host.do("storeTemplate", 300, 2) == 300
        assert host.do("getTemplateCount") == 2
        assert [at for at, taken in enumerate(host.do("getTemplateIndex", 0)) if taken] == [0]
        assert [at for at, taken in enumerate(host.do("getTemplateIndex", 1)) if taken] == [300 - 256]
        assert host.do("searchTemplate") == [0, 100]
        sim.place(finger(8, ZFM_20_SIZE))
        host.do("readImage")
        host.do("convertImage", 1)
        assert host.do("searchTemplate") == [-1, -1]
        assert host.do("compareCharacteristics") == 0
        assert host.do("createTemplate") is False
        assert host.do("loadTemplate", 300, 1) is True
        assert host.do("searchTemplate") == [0, 100]
        assert host.do("deleteTemplate", 0) is True
        assert host.do("searchTemplate") == [300, 100]
        assert host.do("clearDatabase") is True
        assert host.do("getTemplateCount") == 0
        with pytest.raises(RuntimeError, match="template could not be read"):
            host.do("loadTemplate", 300, 1)

    def test_a_template_goes_to_the_host_and_back(self, host: Host, sim: ZfmSim) -> None:
        sim.place(finger(3, ZFM_20_SIZE))
        host.do("readImage")
        host.do("convertImage", 1)
        template = host.do("downloadCharacteristics", 1)
        assert len(template) == 512
        assert host.do("uploadCharacteristics", 2, template) is True
        assert host.do("compareCharacteristics") == 100

    def test_what_cannot_be_read_as_a_finger(self, host: Host, sim: ZfmSim) -> None:
        with pytest.raises(RuntimeError, match="image is invalid"):
            host.do("convertImage", 1)
        for picture, said in ((np.full((288, 256), 200, np.uint8), "few"), (np.zeros((288, 256), np.uint8), "messy")):
            sim.place(picture)
            host.do("readImage")
            with pytest.raises(RuntimeError, match=said):
                host.do("convertImage", 1)

    def test_another_address_password_level_and_a_random_number(self, host: Host, sim: ZfmSim) -> None:
        assert host.do("setAddress", 0x00000001) is True
        assert host.do("getSystemParameters")[4] == 1
        assert host.do("setPassword", 0xABCD) is True
        assert host.do("verifyPassword") is True
        host.do("setSecurityLevel", 5)
        assert host.do("getSecurityLevel") == 5
        assert host.do("generateRandomNumber") != host.do("generateRandomNumber")
        assert sim.password == bytes.fromhex("0000ABCD")

    def test_a_wrong_password_is_told_and_opens_nothing(self, python: Path, tmp_path: Path) -> None:
        locked = ZfmSim(tmp_path / "locked", password=bytes.fromhex("0000ABCD"))
        with hosted(python, "pyfingerprint", locked, "0000ABCE") as host:
            assert host.do("verifyPassword") is False
            with pytest.raises(RuntimeError):
                host.do("readImage")

    def test_told_to_speak_faster_it_is_found_there(self, python: Path, host: Host, sim: ZfmSim) -> None:
        host.do("setBaudRate", 115200)
        assert sim.baud == 115200
        faster = Host(python, "pyfingerprint", sim, "00000000")
        assert faster.do("getBaudRate") == 115200
        faster.close()


@pytest.mark.timeout(300)
class TestAdafruit:
    """It knows the R503 and its ring: 192 x 192."""

    @pytest.fixture
    def sim(self, tmp_path: Path) -> ZfmSim:
        return ZfmSim(tmp_path / "finger", size=R503_SIZE, faults=Faults(patience_s=PATIENCE_S))

    @pytest.fixture
    def host(self, python: Path, sim: ZfmSim) -> Iterator[Host]:
        with hosted(python, "adafruit", sim) as host:
            assert host.begun["told"] == "ready"
            yield host

    def test_the_password_and_the_parameters(self, host: Host) -> None:
        assert host.do("verify_password") == 0
        assert host.do("check_module") is True
        assert host.do("read_sysparam") == 0
        told = {name: host.do(name) for name in ("library_size", "security_level", "data_packet_size", "baudrate")}
        assert told == {"library_size": 1000, "security_level": 3, "data_packet_size": 2, "baudrate": 6}
        assert host.do("device_address") == [255, 255, 255, 255]
        assert host.do("set_sysparam", 5, 4) == 0
        assert host.do("security_level") == 4

    def test_a_picture_arrives_as_it_lies_on_the_glass(self, host: Host, sim: ZfmSim) -> None:
        assert host.do("get_image") == 2
        sim.place(finger(3, R503_SIZE))
        assert host.do("get_image") == 0
        packed = np.array(host.do("get_fpdata", "image"), np.uint8)
        seen = np.stack([packed & 0xF0, packed << 4], axis=1).reshape(192, 192)
        assert np.array_equal(seen, four_bits(finger(3, R503_SIZE)))

    def test_a_picture_goes_to_the_module_and_back(self, host: Host, tmp_path: Path) -> None:
        (tmp_path / "picture").write_bytes(np.random.default_rng(2).integers(0, 256, 18432, dtype=np.uint8).tobytes())
        assert host.do("send_fpdata", {"file": str(tmp_path / "picture")}, "image") is True
        assert bytes(host.do("get_fpdata", "image")) == (tmp_path / "picture").read_bytes()

    def test_enrolled_found_by_both_searches_and_deleted(self, host: Host, sim: ZfmSim) -> None:
        sim.place(finger(3, R503_SIZE))
        for slot in (1, 2):
            assert host.do("get_image") == 0
            assert host.do("image_2_tz", slot) == 0
        assert host.do("compare_templates") == 0
        assert host.do("create_model") == 0
        assert host.do("store_model", 7) == 0
        assert host.do("count_templates") == 0 and host.do("template_count") == 1
        assert host.do("read_templates") == 0 and host.do("templates") == [7]
        for search in ("finger_search", "finger_fast_search"):
            assert host.do(search) == 0
            assert (host.do("finger_id"), host.do("confidence")) == (7, 100)
        sim.place(finger(8, R503_SIZE))
        host.do("get_image")
        host.do("image_2_tz", 1)
        assert host.do("finger_search") == 9
        assert host.do("compare_templates") == 8
        assert host.do("create_model") == 0x0A
        assert host.do("load_model", 7) == 0
        assert host.do("load_model", 8) == 0x0C
        template = host.do("get_fpdata", "char", 1)
        assert len(template) == 512
        assert host.do("delete_model", 7) == 0
        assert host.do("store_model", 9) == 0
        assert host.do("empty_library") == 0
        assert host.do("count_templates") == 0 and host.do("template_count") == 0

    def test_the_ring(self, host: Host, sim: ZfmSim) -> None:
        assert host.do("set_led", 3, 1, 0x40, 5) == 0
        assert sim.ring == bytes([1, 0x40, 3, 5])

    def test_a_reset_ends_with_the_byte_of_a_module_that_is_awake(self, host: Host, sim: ZfmSim) -> None:
        sim.place(finger(3, R503_SIZE))
        host.do("get_image")
        assert host.do("soft_reset") is None
        assert host.do("image_2_tz", 1) == 0x15

    def test_a_wrong_password_is_told_and_opens_nothing(self, python: Path, tmp_path: Path) -> None:
        locked = ZfmSim(tmp_path / "locked", size=R503_SIZE, password=bytes.fromhex("0000ABCD"))
        with hosted(python, "adafruit", locked, "0000ABCE") as host:
            assert "Failed to find sensor" in host.begun["error"]
        right = ZfmSim(tmp_path / "right", size=R503_SIZE, password=bytes.fromhex("0000ABCD"))
        with hosted(python, "adafruit", right, "0000ABCD") as host:
            assert host.do("verify_password") == 0
