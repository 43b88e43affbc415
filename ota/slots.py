"""RAUC, asked over the system bus: what lies in the slots, install an image beside the one that runs, mark a slot.

RAUC streams a bundle straight into the slot and checks it against its own certificate as it goes; what it was asked to
install and what then lies there are compared by the manifest's hash, which the offline keys have signed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jeepney import DBusAddress, DBusErrorResponse, Properties, new_method_call
from jeepney.io.blocking import open_dbus_connection
from jeepney.low_level import Message
from jeepney.wrappers import unwrap_msg

from ota.refusals import Code, Later, Refused

RAUC = DBusAddress("/", bus_name="de.pengutronix.rauc", interface="de.pengutronix.rauc.Installer")
ANSWER_S = 120.0
"""RAUC asks its backend several times before it answers, and a machine that has just started is busy."""
CONNECT_S = 30.0
"""Until the bus has let us in; the library's own second is short for a machine that has just started."""
POLL_S = 0.5
IDLE = "idle"
MOST_WORDS = 180
OPTION = "require-manifest-hash"
UNKNOWN_OPTION = f"Unsupported key: {OPTION}"
LINE_TROUBLE = ("input/output error", "connect", "timed out", "timeout", "resolve host", "http", "stream", "nbd")
"""What RAUC says when the way to the bundle broke; a block that was changed on the way reads as the first of them."""


@dataclass(frozen=True, slots=True)
class Slot:
    """`boot`: RAUC's name of the slot that boots, of this one or of its parent. `whole`: RAUC finished writing it.
    `manifest`: hash of the manifest of the bundle that lies in it, empty when RAUC does not say."""

    name: str
    boot: str
    runs: bool
    whole: bool
    manifest: str


@dataclass(frozen=True, slots=True)
class Tls:
    """Paths, all three or none."""

    ca: str = ""
    certificate: str = ""
    key: str = ""

    def options(self) -> dict[str, tuple[str, str]]:
        """As RAUC takes them."""
        named = {"tls-ca": self.ca, "tls-cert": self.certificate, "tls-key": self.key}
        return {name: ("s", path) for name, path in named.items() if path}


Progress = Callable[[int, str], None]
"""Percent, and what is being done."""


class Rauc:
    """Every method opens a connection of its own: the service may have been restarted between two of them.

    All raise `Later` when the service does not answer, or not as it should.
    """

    def __init__(self, tls: Tls | None = None) -> None:
        self._tls = tls or Tls()

    def slots(self) -> tuple[Slot, ...]:
        (listed,) = self._call("GetSlotStatus")
        return read(listed)

    def install(self, url: str, manifest: str, progress: Progress) -> None:
        """Into the slots that do not run. Returns when RAUC says that it is done, also for an install that a client
        before this one began. Raises `Refused` with RAUC's own words, `Later`."""
        if not self._is_idle():
            self._wait(progress)
        elif not self._begin(url, {OPTION: ("s", manifest)}):
            self._begin(url, {})  # an older RAUC: what it installed is compared afterwards alone
        self._wait(progress)
        if said := str(self._property("LastError")):
            raise judge(said)

    def mark(self, state: str, which: str) -> None:
        """`state`: good, bad, active. `which`: booted, other, or a slot."""
        self._call("Mark", "ss", (state, which))

    def primary(self) -> str:
        """The name of the slot that the next start takes."""
        (name,) = self._call("GetPrimary")
        return str(name)

    def _begin(self, url: str, more: Mapping[str, tuple[str, str]]) -> bool:
        """False: this RAUC does not know the option."""
        try:
            self._ask(new_method_call(RAUC, "InstallBundle", "sa{sv}", (url, {**self._tls.options(), **more})))
        except DBusErrorResponse as error:
            if UNKNOWN_OPTION in str(error):
                return False
            raise _later(error) from error
        return True

    def _wait(self, progress: Progress) -> None:
        while not self._is_idle():
            percent, what, _depth = self._property("Progress")
            progress(int(percent), str(what))
            time.sleep(POLL_S)

    def _is_idle(self) -> bool:
        return bool(self._property("Operation") == IDLE)

    def _property(self, name: str) -> Any:
        try:
            ((_kind, value),) = self._ask(Properties(RAUC).get(name))
        except DBusErrorResponse as error:
            raise _later(error) from error
        return value

    def _call(self, method: str, signature: str = "", body: tuple[object, ...] = ()) -> tuple[Any, ...]:
        try:
            return self._ask(new_method_call(RAUC, method, signature, body))
        except DBusErrorResponse as error:
            raise _later(error) from error

    @staticmethod
    def _ask(message: Message) -> tuple[Any, ...]:
        """Raises `DBusErrorResponse`, `Later`."""
        try:
            with open_dbus_connection("SYSTEM", auth_timeout=CONNECT_S) as bus:
                answer: tuple[Any, ...] = unwrap_msg(bus.send_and_get_reply(message, timeout=ANSWER_S))
                return answer
        except (OSError, KeyError, TimeoutError) as cause:
            raise Later(Code.RAUC, f"the system bus does not answer ({cause})") from cause


def read(listed: Sequence[tuple[str, Mapping[str, tuple[str, Any]]]]) -> tuple[Slot, ...]:
    """RAUC's answer: pairs of a slot's name and what is known of it, each value behind its D-Bus type."""
    known = {name: {key: value for key, (_kind, value) in said.items()} for name, said in listed}

    def top(name: str) -> str:
        parent = known[name].get("parent", "")
        return top(parent) if parent in known else name

    return tuple(
        Slot(
            name,
            str(known[top(name)].get("bootname", "")),
            known[top(name)].get("state") == "booted",
            said.get("status") == "ok",
            str(said.get("bundle.hash", "")),
        )
        for name, said in sorted(known.items())
    )


def judge(said: str) -> Refused | Later:
    """RAUC's last error: a line that broke may be whole tomorrow, everything else is about the bundle."""
    words = " ".join(said.split())[:MOST_WORDS]
    if any(sign in words.lower() for sign in LINE_TROUBLE):
        return Later(Code.STREAM, words)
    return Refused(Code.BUNDLE, words)


def _later(error: DBusErrorResponse) -> Later:
    return Later(Code.RAUC, " ".join(str(error).split())[:MOST_WORDS])
