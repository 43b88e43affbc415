"""One kiosk's own word about itself, put together from what its parts say; pure."""

from __future__ import annotations

from appliance.post.api import KioskStatus, Link
from appliance.reporting.condition import Condition, Site
from appliance.reporting.rows import Counts
from border.encounter import Stamp


def kiosk_status(
    site: Site, condition: Condition, counts: Counts, now: Stamp, *, uplink: Link, waiting: int
) -> KioskStatus:
    """`waiting`: open referrals."""
    return KioskStatus(
        kiosk=site.kiosk,
        lane=site.lane,
        direction=site.direction,
        state=condition.state,
        help_called=condition.help_called,
        uplink=uplink,
        unreported=counts.depth,
        oldest_unreported_s=counts.oldest_s,
        quarantined=counts.quarantined,
        referrals_waiting=waiting,
        devices=condition.devices,
        list_age_hours=condition.list_age_hours,
        trust_age_hours=condition.trust_age_hours,
        clock=now.clock.value,
        disk_free_mb=condition.disk_free_mb,
        storage_days=condition.storage_days,
        supply=condition.power.supply.value,
        supply_minutes=condition.power.minutes,
        undervoltage=bool(condition.power.undervoltage),
        temperature_c=condition.power.temperature_c,
        passive_pad=condition.passive_pad,
        seen_s_ago=0,
        officer_url=site.officer_url,
    )
