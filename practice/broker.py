"""The practice port's mosquitto: mutual TLS, and each kiosk bound to its own topics by its certificate's name."""

from __future__ import annotations

import shutil
from pathlib import Path

from practice.processes import Process, answers

# mosquitto has no trailing comments; the reasons stand here:
#   use_username_as_clientid   a stolen client id would inherit its session
#   max_queued_messages        large and finite: 0 also drops the connection on a denied publish
#   autosave_interval          convenience only; durability is the kiosk's outbox
CONFIG = """\
per_listener_settings false
listener {port} 127.0.0.1
cafile {ca}/ca.crt
certfile {ca}/broker.crt
keyfile {ca}/broker.key
crlfile {ca}/crl.pem
tls_version tlsv1.3
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file {folder}/acl
persistence true
persistence_location {folder}/
autosave_interval 60
max_packet_size 262144
max_inflight_messages 0
max_queued_messages 1000000
max_queued_bytes 268435456
set_tcp_nodelay true
{user}
"""

ACL = """\
pattern write landfall/1/k/%u/up/#
pattern read landfall/1/k/%u/down/#
pattern read landfall/1/all/#
user collector-1
topic read landfall/1/k/+/up/#
topic write landfall/1/k/+/down/#
user hq-publisher
topic write landfall/1/all/#
topic write landfall/1/k/+/down/#
"""


def broker(folder: Path, ca: Path, port: int) -> Process:
    """A mosquitto that is not started yet. `ca` holds ca.crt, broker.crt, broker.key, crl.pem."""
    folder.mkdir(parents=True, exist_ok=True)
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        raise FileNotFoundError("mosquitto is missing: install Debian's package mosquitto")
    # started as root it would drop to a user who cannot read the practice folder
    user = "user root" if folder.owner() == "root" else ""
    (folder / "acl").write_text(ACL)
    config = folder / "mosquitto.conf"
    config.write_text(CONFIG.format(port=port, ca=ca.resolve(), folder=folder.resolve(), user=user))
    return Process("broker", [program, "-c", str(config)], folder / "broker.log")


def wait_for_broker(process: Process, port: int) -> None:
    process.wait_until(lambda: answers(port), 10.0)
