"""What mosquitto must be told so that a kiosk can write only under its own name. Facts, not preferences."""

from __future__ import annotations

import pwd
from os import geteuid
from pathlib import Path

COLLECTOR = "collector-1"
PUBLISHER = "hq-publisher"

# %u is the common name of the client's certificate. mosquitto warns of the line without one; that is meant.
ACL = f"""# Landfall DEVELOPMENT: made by central.ca
pattern write landfall/1/k/%u/up/#
pattern read landfall/1/k/%u/down/#
pattern read landfall/1/all/#
user {COLLECTOR}
topic read landfall/1/k/+/up/#
topic write landfall/1/k/+/down/#
user {PUBLISHER}
topic write landfall/1/all/#
topic write landfall/1/k/+/down/#
"""


def mosquitto_config(folder: Path, data: Path, *, port: int, host: str = "127.0.0.1") -> str:
    """The text of mosquitto.conf. `folder`: broker.key, .crt, ca.crt, crl.pem, acl; `data`: where it may write.

    mosquitto knows no comment after a value: each has a line of its own.
    """
    return f"""# Landfall DEVELOPMENT: made by central.ca
# a broker started by root would else become a user who cannot read these keys
user {pwd.getpwuid(geteuid()).pw_name}
per_listener_settings false
listener {port} {host}
cafile {folder / "ca.crt"}
certfile {folder / "broker.crt"}
keyfile {folder / "broker.key"}
# SIGHUP reads it again
crlfile {folder / "crl.pem"}
tls_version tlsv1.3
require_certificate true
# the user is the certificate's common name, and so is the client id: nobody can take another's session
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file {folder / "acl"}
# a convenience: what counts as stored is said by the centre's receipts alone
persistence true
persistence_location {data}/
autosave_interval 60
max_packet_size 262144
# 0: the client's Receive Maximum rules
max_inflight_messages 0
# large and finite: 0 would also drop the connection on a publish the ACL denies
max_queued_messages 1000000
max_queued_bytes 268435456
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
"""
