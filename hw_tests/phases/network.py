"""The port's network and the way out of it: cable, errors, gateway; name, centre, time."""

from __future__ import annotations

import secrets
import socket
import time

from hw_tests.board import number, text
from hw_tests.net_wire import Malformed, name_is_known, name_question, time_question, time_told
from hw_tests.record import IS_YES, TOLD, Expected, Limits
from hw_tests.runner import Log, Phase, Skip
from hw_tests.station import Station

TRIES, TRY_S = 3, 2.0
NO_SPEED = "this kind of network tells no speed"
CABLE = "try another cable and another socket of the switch"
LAN = (
    Expected(
        "gateway",
        "",
        IS_YES,
        "the port's router is known (a default route)",
        "see that the router is on and hands out addresses",
    ),
    Expected("carrier", "", IS_YES, "the cable is connected at both ends", CABLE),
    Expected("speed_Mbps", "Mb/s", Limits(100), "speed that both ends agreed on", CABLE),
    Expected("errors_percent", "%", Limits(0, 0.1), "share of what was received that was broken", CABLE),
)
UPLINK = (
    Expected(
        "name",
        "",
        IS_YES,
        "the name server knows the centre's name",
        "see the router's settings for DNS; the kiosk works on without",
    ),
    Expected(
        "centre",
        "",
        IS_YES,
        "the centre's address takes a connection",
        "ask the provider; the kiosk works on, and its records wait",
    ),
    Expected("connect_ms", "ms", Limits(0, 3000), "how long that took", "a slow uplink is no fault of the kiosk"),
)
TIME = (
    Expected(
        "server",
        "",
        IS_YES,
        "the port's time server answers and knows the time",
        "see that another kiosk or the router serves time",
    ),
    Expected(
        "offset_s",
        "s",
        Limits(-1, 1),
        "its time less this clock",
        "a clock that is wrong makes good certificates look bad: let it be set first",
    ),
    Expected("stratum", "", TOLD, "how far it stands from a true clock"),
)


def lan(log: Log) -> None:
    name = _way_out(log.station)
    log.measure("gateway", name is not None)
    if name is None:
        for each in LAN[1:]:
            log.absent(each.name, "no default route")
        return
    root, folder = log.station.root, f"sys/class/net/{name}"
    log.measure("carrier", number(root, f"{folder}/carrier") == 1)
    speed = number(root, f"{folder}/speed")
    log.measure_or("speed_Mbps", speed if speed is not None and speed > 0 else None, NO_SPEED)
    bad, good = (number(root, f"{folder}/statistics/{each}") for each in ("rx_errors", "rx_packets"))
    share = None if bad is None or good is None else 100 * bad / max(1.0, bad + good)
    log.measure_or("errors_percent", share, "this network counts no errors")


def uplink(log: Log) -> None:
    network = log.station.network
    if "uplink" not in network:
        raise Skip("no centre is configured")
    server = network.get("dns") or _name_server(log.station)
    if "name" not in network or server is None:
        log.absent("name", "no name or no name server is configured")
    else:
        log.measure("name", _is_known(log, _address(server, 53), network["name"]))
    took_ms = _connected_ms(_address(network["uplink"], 8883))
    log.measure("centre", took_ms is not None)
    log.measure_or("connect_ms", took_ms, "no connection")


def time_of_port(log: Log) -> None:
    if "time" not in log.station.network:
        raise Skip("no time server is configured")
    address = _address(log.station.network["time"], 123)
    for _ in range(TRIES):
        asked_s, begun_s = log.station.now_s(), time.monotonic()
        question = time_question(asked_s)
        answer = _asked(log, address, question)
        heard_s = asked_s + time.monotonic() - begun_s
        try:
            told = time_told(answer, question, asked_s, heard_s)
        except Malformed:
            continue
        log.measure("server", True)
        log.measure("offset_s", told.offset_s)
        log.measure("stratum", told.stratum)
        return
    log.measure("server", False)
    for name in ("offset_s", "stratum"):
        log.absent(name, "no answer")


def _is_known(log: Log, server: tuple[str, int], name: str) -> bool:
    for _ in range(TRIES):
        question = name_question(secrets.randbelow(1 << 16), name)
        try:
            return name_is_known(_asked(log, server, question), question)
        except Malformed:
            continue
    return False


def _asked(log: Log, address: tuple[str, int], question: bytes) -> bytes:
    """The answer; empty when none came."""
    log.left.check("person")
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as wire:
        wire.settimeout(TRY_S)
        try:
            wire.connect(address)
            wire.send(question)
            return wire.recv(2048)
        except OSError:
            return b""


def _connected_ms(address: tuple[str, int]) -> float | None:
    begun_s = time.monotonic()
    try:
        with socket.create_connection(address, TRIES * TRY_S):
            return 1000 * (time.monotonic() - begun_s)
    except OSError:
        return None


def _way_out(station: Station) -> str | None:
    """The interface of the default route with the lowest metric."""
    rows = [row.split() for row in (text(station.root, "proc/net/route") or "").splitlines()[1:]]
    ways = [(int(row[6]), row[0]) for row in rows if len(row) > 7 and row[1] == "00000000" and int(row[3], 16) & 2]
    return min(ways)[1] if ways else None


def _name_server(station: Station) -> str | None:
    rows = [row.split() for row in (text(station.root, "etc/resolv.conf") or "").splitlines()]
    return next((row[1] for row in rows if len(row) > 1 and row[0] == "nameserver"), None)


def _address(told: str, port: int) -> tuple[str, int]:
    """`host`, `host:port` or `[host]:port`."""
    host, colon, end = told.rpartition(":")
    if colon and end.isdecimal() and (":" not in host or host.endswith("]")):
        return host.strip("[]"), int(end)
    return told.strip("[]"), port


PHASES = (
    Phase("network_lan", LAN, lan, is_quick=True),
    Phase("network_uplink", UPLINK, uplink, is_quick=True),
    Phase("network_time", TIME, time_of_port, is_quick=True),
)
