"""What happens with records after their commit: one file each, listed by hand."""

from __future__ import annotations

from central.consumers import counts, gaps
from central.consumers.consumer import Consumer

ALL: tuple[Consumer, ...] = (counts.CONSUMER, gaps.CONSUMER)
