"""What every store must do, run against SQLite and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from central.store import open_store
from central.store.api import Store, StoreRefused, StoreUnavailable, listed
from tests.central.postgres_server import PostgresServer, postgres_server

KIOSK = "INSERT INTO kiosks VALUES (?, ?, '', NULL, 0, 0, '', 0)"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


class StoreConformance:
    """A subclass says how to open one more connection to the same, empty, database."""

    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def store(self, url: str) -> Iterator[Store]:
        store = open_store(url)
        with store.transaction() as t:
            for table in ("kiosks", "slices", "records"):
                t.rows(f"DELETE FROM {table}")
        yield store
        store.close()

    def test_what_was_committed_is_seen_by_a_new_connection(self, store: Store, url: str) -> None:
        with store.transaction() as t:
            t.each(KIOSK, [("a", 1), ("b", 2**53)])
        other = open_store(url)
        with other.snapshot() as t:
            assert t.rows("SELECT kiosk, last_seen_ms FROM kiosks ORDER BY kiosk") == [("a", 1), ("b", 2**53)]
        other.close()

    def test_a_database_that_an_older_centre_made_gets_the_tables_it_lacks(self, store: Store, url: str) -> None:
        with store.transaction() as t:
            t.each(KIOSK, [("a", 1)])
            for table in ("disk_requests", "disk_parts"):
                t.rows(f"DROP TABLE {table}")
        newer = open_store(url)
        with newer.transaction() as t:
            assert t.rows("SELECT * FROM disk_parts") == t.rows("SELECT * FROM disk_requests") == []
            assert t.rows("SELECT kiosk FROM kiosks") == [("a",)]
        newer.close()

    def test_an_exception_leaves_nothing_behind(self, store: Store) -> None:
        with pytest.raises(KeyError), store.transaction() as t:
            t.each(KIOSK, [("a", 1)])
            raise KeyError
        with store.snapshot() as t:
            assert t.rows("SELECT * FROM kiosks") == []

    def test_a_refused_value_leaves_nothing_behind_and_the_store_usable(self, store: Store) -> None:
        with pytest.raises(StoreRefused), store.transaction() as t:
            t.each(KIOSK, [("a", 1), ("a", 2)])
        with pytest.raises(StoreRefused), store.transaction() as t:
            t.each(KIOSK, [("too wide", 2**70)])
        with store.transaction() as t:
            t.each(KIOSK, [("a", 3)])
        with store.snapshot() as t:
            assert t.rows("SELECT kiosk, last_seen_ms FROM kiosks") == [("a", 3)]

    def test_a_mistake_in_our_sql_is_a_bug_not_an_outage(self, store: Store) -> None:
        with pytest.raises(Exception, match="no_such_table") as caught, store.transaction() as t:
            t.rows("SELECT * FROM no_such_table")
        assert not isinstance(caught.value, StoreUnavailable | StoreRefused)

    def test_on_conflict_do_nothing_keeps_the_first(self, store: Store) -> None:
        slot = "INSERT INTO slices VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
        with store.transaction() as t:
            t.each(slot, [("a", "s", 0, 1, b"first"), ("a", "s", 0, 2, b"second")])
        with store.snapshot() as t:
            assert t.rows("SELECT received_ms, data FROM slices") == [(1, b"first")]

    def test_bytes_come_back_as_the_bytes_they_were(self, store: Store) -> None:
        data = bytes(range(256)) * 192
        with store.transaction() as t:
            t.each("INSERT INTO slices VALUES ('a', 's', 0, 1, ?)", [(data,)])
        with store.snapshot() as t:
            assert bytes(t.rows("SELECT data FROM slices")[0][0]) == data

    def test_lists_and_pairs_of_values_select(self, store: Store) -> None:
        with store.transaction() as t:
            t.each(KIOSK, [("a", 1), ("b", 70_000), ("c", 3)])
        with store.snapshot() as t:
            some = t.rows(listed("SELECT kiosk FROM kiosks WHERE kiosk IN (:list) ORDER BY kiosk", 2), ["a", "c"])
            both = t.rows(
                listed("SELECT kiosk FROM kiosks WHERE (kiosk, last_seen_ms) IN (:pairs)", 2),
                ["b", 70_000, "c", 4],
            )
        assert some == [("a",), ("c",)]
        assert both == [("b",)]

    def test_a_reader_keeps_its_view_and_never_waits_for_the_writer(self, store: Store, url: str) -> None:
        reader = open_store(url)
        with store.transaction() as writing:
            writing.each(KIOSK, [("a", 1)])
            with reader.snapshot() as t:
                assert t.rows("SELECT * FROM kiosks") == []
        with reader.snapshot() as t:
            assert len(t.rows("SELECT * FROM kiosks")) == 1
        reader.close()

    def test_arrivals_count_upwards_in_the_order_of_commit(self, store: Store) -> None:
        row = "INSERT INTO records (id, kiosk, seq, kind, encounter, at_ms, clock, previous, digest, head, "
        row += "received_ms, complete, touched_ms, needed_ms, payload) VALUES (?, 'a', ?, '', '', 0, '', ?, ?, ?, "
        row += "0, 0, 0, 0, ?)"
        for seq in (3, 1, 2):
            with store.transaction() as t:
                t.each(row, [(str(seq), seq, b"", b"", b"", b"")])
        with store.snapshot() as t:
            assert t.rows("SELECT seq FROM records ORDER BY arrival") == [(3,), (1,), (2,)]


class TestSqlite(StoreConformance):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:{tmp_path / 'centre.db'}"

    def test_a_folder_that_is_not_there_is_an_outage(self, tmp_path: Path) -> None:
        store = open_store(f"sqlite:{tmp_path / 'nowhere' / 'centre.db'}")
        with pytest.raises(StoreUnavailable), store.transaction():
            pass


@pytest.mark.timeout(90)
class TestPostgres(StoreConformance):
    @pytest.fixture
    def url(self, server: PostgresServer) -> str:
        return server.dsn

    def test_a_nul_in_a_text_is_refused_not_an_outage(self, store: Store) -> None:
        with pytest.raises(StoreRefused), store.transaction() as t:
            t.each(KIOSK, [("a\0b", 1)])

    def test_a_stopped_server_is_an_outage_and_the_store_comes_back_by_itself(
        self, store: Store, server: PostgresServer
    ) -> None:
        server.stop("immediate")
        for _ in range(2):
            with pytest.raises(StoreUnavailable), store.transaction() as t:
                t.each(KIOSK, [("lost", 1)])
        server.start()
        with store.transaction() as t:
            t.each(KIOSK, [("kept", 1)])
        with store.snapshot() as t:
            assert t.rows("SELECT kiosk FROM kiosks") == [("kept",)]

    def test_a_server_that_dies_inside_a_transaction_keeps_nothing_of_it(
        self, store: Store, server: PostgresServer
    ) -> None:
        with pytest.raises(StoreUnavailable), store.transaction() as t:
            t.each(KIOSK, [("half", 1)])
            server.stop("immediate")
            t.each(KIOSK, [("more", 1)])
        server.start()
        with store.snapshot() as t:
            assert t.rows("SELECT * FROM kiosks") == []


def test_an_unknown_kind_of_database_is_named() -> None:
    with pytest.raises(ValueError, match="not mysql"):
        open_store("mysql://root@localhost")
