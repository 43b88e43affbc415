"""What the centre must have in the end: every record of a kiosk, once and without a gap."""

from __future__ import annotations

from appliance.journey.machine import State
from tests.journeys import records
from tests.journeys.harness import Harbour
from tests.journeys.stand import Stand

DRAINED_S = 90.0


def cross_quickly(stand: Stand, who: str) -> records.Encounter:
    """A record with a document in it, in few seconds: he asks for an officer as soon as it is read."""
    stand.reach(State.FACE, who)
    stand.touch("officer")
    stand.wait_for(State.REFERRED)
    stand.leave()
    return stand.last()


def kept(harbour: Harbour, stand: Stand) -> records.Kept:
    return records.kept_of(harbour.store, stand.place.id)


def assert_all_is_there(harbour: Harbour, stand: Stand) -> None:
    """Drained; the centre has every record once, without a gap, and so the kiosk's own numbers."""
    stand.until("the outbox is empty", lambda: stand.board()["unreported"] == 0, within_s=DRAINED_S)
    assert records.unreported(stand.journal) == 0
    numbers = records.sequence(stand.journal)
    assert numbers == list(range(1, len(numbers) + 1))
    stand.until("the centre is whole", lambda: kept(harbour, stand).seqs == tuple(numbers))
    assert kept(harbour, stand).gaps == 0
    assert kept(harbour, stand).encounters == {record.id for record in stand.encounters()}
