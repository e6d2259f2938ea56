"""A database query as a source, against real SQLite files, and PostgreSQL where there is one."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from knowledge.errors import SourceError
from knowledge.sources.records.query import Query
from knowledge.sources.records.record import Fields
from knowledge.sources.registry import Kinds
from tests.kit.sources import Given, opened, read

ALL = "SELECT id, title, text, url, at FROM article ORDER BY id"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    path = tmp_path / "my desk?.db"
    monkeypatch.setenv("DESK_DB", f"sqlite:///{str(path).replace('?', '%3F')}")
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("CREATE TABLE article (id INTEGER, title TEXT, text TEXT, url TEXT, at TEXT)")
    database.execute(
        "INSERT INTO article VALUES (1, 'Pay', 'Friday', 'https://desk.example/1', 'a'), "
        "(2, 'Leave', 'Five days', NULL, 'a')"
    )
    yield database
    database.close()


async def rows(known: Given | None = None, query: str = ALL, **options: object) -> Given:
    return await read(
        "articles", "sql", known.known if known else None,
        database="env:DESK_DB", query=query, **options,
    )  # fmt: skip


@pytest.mark.usefixtures("desk")
class TestRows:
    async def test_are_documents(self) -> None:
        given = await rows()
        assert {name: each.content for name, each in given.documents.items()} == {
            "1": b"# Pay\n\nFriday",
            "2": b"# Leave\n\nFive days",
        }
        assert [each.url for each in given.documents.values()] == ["https://desk.example/1", ""]

    async def test_may_be_chosen_by_what_looks_like_a_parameter(self) -> None:
        query = "SELECT id, '12:30 100%' AS text, 'x' AS at FROM article WHERE at <> ':at'"
        first = await rows(query=query, updated_field="at")
        assert [each.content for each in first.documents.values()] == [b"12:30 100%"] * 2
        assert (await rows(first, query=query, updated_field="at")).read == []

    async def test_without_text_or_id_are_told(self, desk: sqlite3.Connection) -> None:
        desk.execute("INSERT INTO article (id, text) VALUES (NULL, 'x'), (4, '')")
        given = await rows()
        assert list(given.reasons()) == ["record 1"]
        assert given.counted() == {"records without text": 1}

    async def test_beyond_the_maximum_change_nothing(self) -> None:
        with pytest.raises(SourceError, match="more than 1 rows"):
            await rows(max_records=1)


class TestTheNextRun:
    async def test_reads_only_rows_whose_version_changed(self, desk: sqlite3.Connection) -> None:
        first = await rows(updated_field="at")
        assert (await rows(first, updated_field="at")).read == []
        desk.execute("UPDATE article SET text = 'Monday' WHERE id = 1")
        assert (await rows(first, updated_field="at")).read == []
        desk.execute("UPDATE article SET at = 'b' WHERE id = 1")
        desk.execute("INSERT INTO article VALUES (3, 'New', 'x', '', 'a')")
        again = await rows(first, updated_field="at")
        assert sorted(again.read) == ["1", "3"]
        assert again.documents["1"].content == b"# Pay\n\nMonday"
        desk.execute("DELETE FROM article WHERE id = 2")
        assert sorted((await rows(first, updated_field="at")).documents) == ["1", "3"]

    async def test_reads_many_changed_rows(self, desk: sqlite3.Connection) -> None:
        first = await rows(updated_field="at")
        desk.execute("BEGIN")  # else each row is written to the disk by itself
        desk.executemany(
            "INSERT INTO article VALUES (?, 'x', 'y', '', 'a')", [(n,) for n in range(3, 2000)]
        )
        desk.execute("COMMIT")
        assert len((await rows(first, updated_field="at")).read) == 1997

    async def test_tells_changes_by_content_without_a_version(
        self, desk: sqlite3.Connection
    ) -> None:
        first = await rows()
        desk.execute("UPDATE article SET text = 'Monday' WHERE id = 1")
        assert (await rows(first)).read == ["1"]


class TestQueries:
    @pytest.mark.parametrize(
        "query",
        [
            "DELETE FROM article",
            "",
            "SELECT 1; DROP TABLE article",
            "-- SELECT\nDROP TABLE article",
            "/* SELECT */ UPDATE article SET id = 1",
            "PRAGMA query_only = OFF",
            "ATTACH 'x' AS y",
        ],
    )
    async def test_that_are_no_select_are_refused(
        self, desk: sqlite3.Connection, query: str
    ) -> None:
        with pytest.raises(SourceError, match="must be one SELECT"):
            await rows(query=query)
        assert desk.execute("SELECT count(*) FROM article").fetchone() == (2,)

    async def test_that_write_all_the_same_are_stopped_by_the_database(
        self, desk: sqlite3.Connection
    ) -> None:
        query = "WITH x AS (SELECT 1) DELETE FROM article"
        with pytest.raises(SourceError, match="refuses the query"):
            await rows(query=query)
        assert desk.execute("SELECT count(*) FROM article").fetchone() == (2,)

    @pytest.mark.usefixtures("desk")
    async def test_that_do_not_work_are_not_added(self) -> None:
        for query, told in (
            ("SELECT nope FROM article", "no such column"),
            ("SELECT id AS number, text FROM article", r"no column id; it gives: number, text"),
        ):
            options = {"database": "env:DESK_DB", "query": query}
            async with opened("articles", "sql", **options) as source:
                with pytest.raises(SourceError, match=told):
                    await source.check()

    @pytest.mark.usefixtures("desk")
    async def test_that_never_end_are_ended(self) -> None:
        query = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
            "SELECT max(i) AS id, '' AS text FROM n"
        )
        fields = Fields("id", "", ("text",), "", "", "text")
        source = Query(os.environ["DESK_DB"], query, fields, 10, seconds=0.1)
        with pytest.raises(SourceError, match="took more than"):
            await anext(aiter(source.documents({})))
        await asyncio.wait_for(asyncio.get_running_loop().shutdown_default_executor(), 5)

    @pytest.mark.usefixtures("desk")
    async def test_with_a_semicolon_at_the_end_and_remarks_are_fine(self) -> None:
        assert len((await rows(query=f"-- All\n{ALL} /* of; it */;")).documents) == 2


class TestDatabases:
    async def test_that_are_not_there_are_not_made(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DESK_DB", f"sqlite:///{tmp_path / 'none.db'}")
        with pytest.raises(SourceError, match="next run"):
            await rows()
        assert not (tmp_path / "none.db").exists()

    @pytest.mark.parametrize(
        ("url", "told"),
        [
            ("nonsense", "URL is none"),
            ("oracle+nothing://u:hunter2@h/x", "no driver for oracle"),
            ("postgresql://u:hunter2@127.0.0.1:9/x", "does not answer"),
        ],
    )
    async def test_that_cannot_be_used_are_told_without_their_password(
        self, monkeypatch: pytest.MonkeyPatch, url: str, told: str
    ) -> None:
        monkeypatch.setenv("DESK_DB", url)
        with pytest.raises(SourceError, match=told) as refused:
            await rows()
        assert "hunter2" not in str(refused.value)

    async def test_have_to_be_named(self) -> None:
        with pytest.raises(SourceError, match="--database"):
            await read("articles", "sql", None, query=ALL)

    def test_cannot_be_added_from_a_chat(self) -> None:
        with pytest.raises(SourceError, match="on the machine"):
            Kinds().describe("sql articles", remote=True)


@pytest.mark.postgres
class TestPostgres:
    URL = os.environ.get("TEST_DATABASE_URL", "")

    @pytest.fixture(autouse=True)
    async def _table(self) -> AsyncIterator[None]:
        if not self.URL:
            pytest.skip("TEST_DATABASE_URL names no database")
        engine = create_async_engine(self.URL.replace("postgresql://", "postgresql+asyncpg://"))
        async with engine.begin() as db:
            await db.execute(sa.text("CREATE TABLE hv_article (id INT, text TEXT, at TIMESTAMPTZ)"))
            await db.execute(sa.text("INSERT INTO hv_article VALUES (1, 'Friday', now())"))
        yield
        async with engine.begin() as db:
            await db.execute(sa.text("DROP TABLE hv_article"))
        await engine.dispose()

    async def test_rows_are_read_and_nothing_can_be_written(self) -> None:
        fields = Fields("id", "", ("text",), "", "at", "text")
        source = Query(self.URL, "SELECT * FROM hv_article", fields, 10)
        first = Given([each async for each in source.documents({})])
        assert first.read == ["1"]
        assert Given([each async for each in source.documents(first.known)]).read == []
        writing = "WITH x AS (DELETE FROM hv_article RETURNING *) SELECT * FROM x"
        with pytest.raises(SourceError, match="read-only"):
            await anext(aiter(Query(self.URL, writing, fields, 10).documents({})))

    async def test_a_query_that_never_ends_is_ended(self) -> None:
        fields = Fields("id", "", ("text",), "", "", "text")
        endless = "SELECT 1 AS id, 'a' AS text, pg_sleep(600)"
        with pytest.raises(SourceError, match="took more than"):
            await anext(aiter(Query(self.URL, endless, fields, 10, seconds=0.5).documents({})))
        engine = create_async_engine(self.URL.replace("postgresql://", "postgresql+asyncpg://"))
        asked = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT 1 AS id%'"
        async with engine.connect() as db:
            assert (await db.execute(sa.text(asked))).scalar() == 0, "nor does it go on there"
        await engine.dispose()
