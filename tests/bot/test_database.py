"""The schema, and the history and catalog in it, on SQLite and (marked) on PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers import history, recall
from bot.answers.history import History
from bot.conversation import channels, inbox, limits, outbox
from bot.desk import audit, drafting
from bot.desk.kb import proposals
from bot.types import Asker, Message, ReadPassage, Reply, Tier
from jobs import measures as nights
from jobs import voice_training
from knowledge.errors import StateError
from knowledge.library import attachments, curated, leases
from knowledge.library.catalog import Catalog, DocumentRecord, RunReport
from knowledge.library.index import generations
from knowledge.library.kept import notices, tables, tasks
from knowledge.library.release import golden, items, kept, measures
from knowledge.sources.port import SourceSpec
from knowledge.state import database
from knowledge.state.database import open_database
from knowledge.state.tables import metadata
from knowledge.types import Validators
from tests.bot.conftest import NO_SERVER, ROOT, SERVER, execute_on_server
from tests.kit.fakes import evidence
from tests.kit.library import last_report

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class TestTheSchema:
    async def test_after_all_migrations_is_what_the_code_expects(self, engine: AsyncEngine) -> None:
        expected = sa.MetaData()
        of_library = (tables, leases, generations, attachments, notices, tasks)
        of_releases = (items, kept, golden, measures)
        of_the_desk = (drafting, audit, proposals, recall, outbox, curated, nights, voice_training)
        owners = (*of_library, *of_releases, *of_the_desk, history, inbox, channels, limits)
        assert {each.metadata for each in owners} == {metadata}
        for table in metadata.sorted_tables:
            table.to_metadata(expected)

        def differences(connection: sa.Connection) -> list[object]:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            return list(compare_metadata(context, expected))

        async with engine.connect() as db:
            assert await db.run_sync(differences) == []

    async def test_is_left_alone_when_it_is_opened_again(
        self, engine: AsyncEngine, url: str
    ) -> None:
        await History(engine).record(message(), reply("Kept?"), NOW)
        again = await open_database(url)
        assert await History(again).questions("thread-1", 1) == ["Kept?"]
        await again.dispose()

    async def test_can_be_taken_back_step_by_step_and_applied_again(
        self, engine: AsyncEngine
    ) -> None:
        def down_and_up(connection: sa.Connection) -> None:
            config = Config()
            config.set_main_option(
                "script_location", str(ROOT / "knowledge" / "state" / "migrations")
            )
            config.attributes["connection"] = connection
            command.downgrade(config, "base")
            command.upgrade(config, "head")

        async with engine.begin() as db:
            await db.run_sync(down_and_up)
        await History(engine).record(message(), reply("Kept?"), NOW)

    async def test_of_a_newer_version_is_refused(self, engine: AsyncEngine, url: str) -> None:
        async with engine.begin() as db:
            await db.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(StateError, match="9999"):
            await open_database(url)


class TestAUrlThatCannotWork:
    @pytest.mark.parametrize(
        "url",
        [
            "",
            "state.db",
            "postgresql://",
            "postgresql://hv:hunter2@127.0.0.1:port/state",
            "postgresql://hv:hunter2@127.0.0.1:1/state",
            "postgresql://hv:hunter2@127.0.0.1:1/state?sslmode=require",
            "postgresql://hv:hunter2@127.0.0.1:1/state?password=hunter2",
            "mysql://hv:hunter2@127.0.0.1/state",
            "sqlite:////nowhere/at/all/state.db",
            "sqlite:////tmp",
        ],
    )
    async def test_says_so_without_the_password(self, url: str) -> None:
        with pytest.raises(StateError) as failure:
            await open_database(url)
        assert str(failure.value)
        assert "hunter2" not in str(failure.value)

    @pytest.mark.parametrize(
        ("url", "told"),
        [
            ("state.db", "DATABASE_URL"),
            ("mysql://hv:hunter2@127.0.0.1/state", "SQLite or PostgreSQL"),
            ("postgres://hv:hunter2@127.0.0.1/state", "postgresql://"),
            ("sqlite:////nowhere/at/all/state.db", "/nowhere/at/all/state.db"),
            ("postgresql://hv:hunter2@127.0.0.1:1/state", "127.0.0.1:1"),
        ],
    )
    async def test_says_what_to_look_at(self, url: str, told: str) -> None:
        with pytest.raises(StateError) as failure:
            await open_database(url)
        assert told in str(failure.value)

    async def test_may_be_of_a_file_that_is_no_database(self, tmp_path: Path) -> None:
        (tmp_path / "state.db").write_text("Dear diary, " * 100)
        with pytest.raises(StateError, match=r"state\.db"):
            await open_database(f"sqlite:///{tmp_path / 'state.db'}")

    @pytest.mark.postgres
    @pytest.mark.skipif(SERVER is None, reason=NO_SERVER)
    async def test_may_have_been_closed_by_the_server_while_it_lay_idle(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert SERVER is not None
        monkeypatch.setattr(database, "IDLE_SECONDS", 0.0)
        engine = await open_database(SERVER)
        mine = sa.text("SELECT pg_backend_pid()")
        try:
            async with engine.connect() as db:
                before = (await db.execute(mine)).scalar_one()
            await execute_on_server(f"SELECT pg_terminate_backend({before})")
            async with engine.connect() as db:
                assert (await db.execute(mine)).scalar_one() != before
        finally:
            await engine.dispose()

    @pytest.mark.postgres
    @pytest.mark.skipif(SERVER is None, reason=NO_SERVER)
    @pytest.mark.parametrize(
        "of",
        [
            {"password": "hunter2"},
            {"database": "nowhere"},
            {"username": "nobody", "password": "hunter2"},
        ],
    )
    async def test_may_be_refused_by_the_server(self, of: dict[str, str]) -> None:
        assert SERVER is not None
        url = make_url(SERVER).set(**of)  # type: ignore[arg-type]
        with pytest.raises(StateError) as failure:
            await open_database(url.render_as_string(hide_password=False))
        assert url.password is None or url.password not in str(failure.value)


def message(text: str = "When is payday?", conversation: str = "thread-1") -> Message:
    return Message(uuid4().hex, "console", conversation, Asker("U1"), text)


def reply(question: str = "When is payday?", *, abstained: bool = False) -> Reply:
    found = (ReadPassage.of(evidence("Salaries are paid on the 25th.\n")),)
    tier: Tier = "none" if abstained else "sure"
    return Reply(question, "The 25th.", tier, "fernhill", uuid4().hex, passages=found)


class TestTheHistory:
    async def test_tells_a_conversations_newest_questions_oldest_first(
        self, engine: AsyncEngine
    ) -> None:
        kept = History(engine)
        for n in range(6):
            await kept.record(message(), reply(f"Question {n}?"), NOW)
        await kept.record(message(conversation="thread-2"), reply("Other?"), NOW)
        assert await kept.questions("thread-1", 3) == ["Question 3?", "Question 4?", "Question 5?"]
        assert await kept.questions("thread-3", 3) == []

    async def test_tells_what_nothing_answered_newest_first(self, engine: AsyncEngine) -> None:
        kept = History(engine)
        for n in range(3):
            when = NOW + timedelta(minutes=n)
            await kept.record(message(), reply(f"Gap {n}?", abstained=True), when)
            await kept.record(message(), reply(f"Answered {n}?"), when)
        assert await kept.gaps() == ["Gap 2?", "Gap 1?", "Gap 0?"]

    async def test_tells_once_what_was_not_meant_until_nobody_finds_it_unhelpful(
        self, engine: AsyncEngine
    ) -> None:
        kept, said = History(engine), reply("Unsure?")
        await kept.record(message(), said, NOW)
        trace = await kept.trace(said.trace_id)
        assert trace is not None
        for rater in ("ann", "bob"):
            await kept.rate(trace.id, rater, False, NOW)
        await asyncio.gather(*(kept.add_gap(trace) for _ in range(5)))
        assert await kept.gaps() == ["Unsure?"]
        await kept.rate(trace.id, "ann", True, NOW)
        await kept.drop_gap(trace.id)
        assert await kept.gaps() == ["Unsure?"]
        await kept.rate(trace.id, "bob", True, NOW)
        await kept.drop_gap(trace.id)
        assert await kept.gaps() == []

    async def test_keeps_words_of_any_language_and_length(self, engine: AsyncEngine) -> None:
        text = "Wann ist Zahltag? 給料日 🎉 " * 500
        kept = History(engine)
        await kept.record(message(), reply(text, abstained=True), NOW)
        assert await kept.questions("thread-1", 1) == [text]
        assert await kept.gaps() == [text]

    async def test_keeps_all_of_an_answer_or_nothing(self, engine: AsyncEngine) -> None:
        kept, once = History(engine), reply("Twice?", abstained=True)
        await kept.record(message(), once, NOW)
        with pytest.raises(sa.exc.IntegrityError):
            await kept.record(message(), once, NOW)
        assert await kept.questions("thread-1", 5) == ["Twice?"]

    async def test_gives_a_trace_back_with_who_asked_and_whether_in_private(
        self, engine: AsyncEngine
    ) -> None:
        kept, said = History(engine), reply()
        asked = replace(message(), private=True)
        await kept.record(asked, said, NOW)
        trace = await kept.trace(said.trace_id)
        assert trace is not None
        assert (trace.asker, trace.private, trace.answered_at) == ("U1", True, NOW)
        assert trace.reply == said
        assert await kept.trace("nothing") is None

    async def test_keeps_the_last_opinion_of_each_person(self, engine: AsyncEngine) -> None:
        kept, said = History(engine), reply()
        await kept.record(message(), said, NOW)
        for rater, helpful in (("ann", True), ("bob", True), ("ann", False)):
            await kept.rate(said.trace_id, rater, helpful, NOW)
        assert await kept.ratings(said.trace_id) == (1, 1)

    async def test_keeps_one_opinion_of_who_clicks_many_times_at_once(
        self, engine: AsyncEngine
    ) -> None:
        kept, said = History(engine), reply()
        await kept.record(message(), said, NOW)
        await asyncio.gather(*(kept.rate(said.trace_id, "ann", True, NOW) for _ in range(8)))
        assert await kept.ratings(said.trace_id) == (1, 0)

    async def test_lets_one_of_many_hand_over_to_people(self, engine: AsyncEngine) -> None:
        kept, said = History(engine), reply()
        await kept.record(message(), said, NOW)
        done = await asyncio.gather(*(kept.hand_over(said.trace_id, NOW) for _ in range(5)))
        assert sorted(done) == [False, False, False, False, True]

    async def test_lets_people_be_asked_again_once_that_was_taken_back(
        self, engine: AsyncEngine
    ) -> None:
        kept, said = History(engine), reply()
        await kept.record(message(), said, NOW)
        await kept.hand_over(said.trace_id, NOW)
        assert await kept.hand_over(said.trace_id, None)
        assert await kept.hand_over(said.trace_id, NOW)


def spec(id: str = "handbook", **of: object) -> SourceSpec:
    plain = {
        "id": id,
        "kind": "folder",
        "location": f"/srv/{id}",
        "options": {"include": ["*.md"], "base_url": "https://intra.example"},
        "access": frozenset({"role:staff", "public"}),
    }
    return SourceSpec(**(plain | of))  # type: ignore[arg-type]


def document(path: str, **of: object) -> DocumentRecord:
    plain = {
        "path": path,
        "fingerprint": "f" * 64,
        "validators": Validators('"etag-1"', "Mon, 02 Mar 2026 09:00:00 GMT"),
        "valid_until": date(2026, 12, 31),
        "language": "en",
        "passages": 3,
    }
    return DocumentRecord(**(plain | of))  # type: ignore[arg-type]


class TestTheCatalog:
    async def test_gives_sources_back_as_they_were_added(self, engine: AsyncEngine) -> None:
        kept = Catalog(engine)
        for n, id in enumerate(("zoo", "abc", "mid")):
            await kept.save_source(spec(id), NOW + timedelta(seconds=n))
        assert await kept.sources() == [spec("zoo"), spec("abc"), spec("mid")]

    async def test_changes_a_source_that_is_there(self, engine: AsyncEngine) -> None:
        kept = Catalog(engine)
        await kept.save_source(spec(), NOW)
        await kept.save_source(spec("other"), NOW + timedelta(seconds=1))
        changed = spec(access=frozenset({"role:managers"}), options={})
        await kept.save_source(changed, NOW + timedelta(days=1))
        assert await kept.sources() == [changed, spec("other")]
        # What was set meanwhile is not overwritten by who knew it as it was.
        await kept.save_source(replace(changed, is_paused=True), NOW + timedelta(days=1))
        assert await kept.sources() == [changed, spec("other")]

    async def test_gives_documents_back_as_they_were_entered(self, engine: AsyncEngine) -> None:
        kept = Catalog(engine)
        bare = document("b.md", validators=Validators(None, None), valid_until=None, language=None)
        await kept.save_documents("handbook", [document("a.md"), bare], NOW)
        await kept.save_documents("other", [document("c.md")], NOW)
        assert await kept.documents("handbook") == {"a.md": document("a.md"), "b.md": bare}

    async def test_replaces_what_was_known_of_a_document(self, engine: AsyncEngine) -> None:
        kept = Catalog(engine)
        await kept.save_documents("handbook", [document("a.md"), document("b.md")], NOW)
        newer = document("a.md", passages=9)
        await kept.save_documents("handbook", [newer], NOW)
        assert await kept.documents("handbook") == {"a.md": newer, "b.md": document("b.md")}

    async def test_forgets_the_documents_it_is_told_to(self, engine: AsyncEngine) -> None:
        kept = Catalog(engine)
        many = [document(f"{n}.md") for n in range(1200)]
        await kept.save_documents("handbook", many, NOW)
        await kept.forget_documents("handbook", [each.path for each in many[1:]])
        assert list(await kept.documents("handbook")) == ["0.md"]

    async def test_forgets_a_source_with_all_that_belongs_to_it(self, engine: AsyncEngine) -> None:
        kept = Catalog(engine)
        for id in ("handbook", "other"):
            await kept.save_source(spec(id), NOW)
            await kept.save_documents(id, [document("a.md")], NOW)
            await kept.end_run(await kept.begin_run(id, NOW), RunReport(id, 1, 0, 0, 0, {}), NOW)
        await kept.remove_source("handbook")
        assert await kept.sources() == [spec("other")]
        assert await kept.documents("handbook") == {}
        assert await kept.last_run("handbook") is None
        assert await kept.documents("other") != {}

    async def test_tells_of_the_newest_run_that_came_to_an_end(self, engine: AsyncEngine) -> None:
        kept = Catalog(engine)
        assert await kept.last_run("handbook") is None
        first, second, broken = [await kept.begin_run("handbook", NOW) for _ in range(3)]
        done = RunReport("handbook", 1, 2, 3, 4, {"a.pdf": "has a password"}, "gone half-way")
        await kept.end_run(first, RunReport("handbook", 9, 0, 0, 0, {}), NOW)
        await kept.end_run(second, done, NOW)
        assert broken > second
        assert await last_report(kept, "handbook") == done
