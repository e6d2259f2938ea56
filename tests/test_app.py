"""The composition root: what settings make of the bot, and that it is taken down again."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from bot.errors import ConfigurationError, ModelError
from bot.shell.app import open_app
from bot.shell.settings import Settings
from bot.types import Asker, Message, Reply
from bot.voice.voice import Voice
from bot.voice.writer import Writer
from knowledge.embedding.local import LocalEmbedder
from knowledge.errors import KnowledgeError, SourceError, StoreError
from knowledge.state.database import open_database
from knowledge.stores.weaviate.store import DEFAULT_ALIAS
from tests.kit.fakes import FakeWriter
from tests.kit.store_toys import passage, toward
from tests.stand_ins.weaviate import StandIn


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """After the test no thread is left but the embedder's, which ends with the process."""
    before = set(threading.enumerate())
    yield
    gc.collect()  # an unclosed connection warns, and a warning is an error
    more = [thread for thread in set(threading.enumerate()) - before if thread.is_alive()]
    assert [thread.name for thread in more if "embedder" not in thread.name] == []


def changed(settings: Settings, **values: object) -> Settings:
    return settings.model_copy(update=values)


async def ask(assistant: object, text: str, voice: str | None = None) -> Reply:
    from bot.answers.assistant import Assistant

    assert isinstance(assistant, Assistant)
    key = uuid4().hex
    message = Message(key, "test", key, Asker("user:test"), text, voice=voice)
    (*_, reply) = [piece async for piece in assistant.answer(message)]
    assert isinstance(reply, Reply)
    return reply


class TestComposition:
    async def test_everything_is_kept_in_the_data_folder(self, settings: Settings) -> None:
        async with open_app(settings) as app:
            await app.store.replace("handbook", "guide.md", [passage("Trains.", toward(travel=1))])
        kept = {path.name for path in settings.data.iterdir()}
        assert {"state.db", "passages.db"} <= kept
        assert not {path.name for path in settings.data.parent.iterdir()} - {"data"}

    async def test_the_data_folder_is_made_with_those_above_it(self, tmp_path: Path) -> None:
        async with open_app(Settings(data=tmp_path / "not" / "yet" / "there")) as app:
            assert await app.store.count() == 0

    async def test_what_was_read_in_is_there_when_it_is_opened_again(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs" / "pay.md").write_text("Salaries arrive monthly.")
        async with open_app(settings, FakeWriter().for_voice) as app:
            _, report = await app.library.add(str(tmp_path / "docs"))
            assert report.added == 1
        async with open_app(settings, FakeWriter().for_voice) as app:
            assert await app.store.count() == 1
            assert [each.documents for each in await app.library.states()] == [1]
            reply = await ask(app.assistant, "when do salaries arrive?")
            assert [each.document for each in reply.passages] == ["pay.md"]

    async def test_settings_reach_what_they_are_for(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs" / "big.md").write_text("x" * (2**20 + 1))
        (tmp_path / "docs" / "pay.md").write_text("Salaries arrive monthly.")
        low = changed(settings, max_document_mb=1, sure=0, max_question_chars=20)
        async with open_app(low, FakeWriter().for_voice) as app:
            _, report = await app.library.add(str(tmp_path / "docs"))
            assert list(report.skipped) == ["big.md"]
            assert not (await ask(app.assistant, "zebras?")).abstained
            assert "20 characters" in (await ask(app.assistant, "zebras " * 9)).answer
        async with open_app(changed(low, sure=1, unsure=1), FakeWriter().for_voice) as app:
            assert (await ask(app.assistant, "salaries arrive?")).abstained

    @pytest.mark.parametrize(("installed", "switched_on"), [(True, False), (False, True)])
    async def test_pictures_are_recognised_only_where_it_is_installed_and_switched_on(
        self,
        settings: Settings,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        *,
        installed: bool,
        switched_on: bool,
    ) -> None:
        (tmp_path / "docs").mkdir()
        monkeypatch.setattr("bot.shell.library.is_installed", lambda: True)
        async with open_app(settings) as app:
            spec, _ = await app.library.add(str(tmp_path / "docs"), options={"ocr": True})
            await app.library.remove(spec.id)
        monkeypatch.setattr("bot.shell.library.is_installed", lambda: installed)
        async with open_app(changed(settings, ocr=switched_on)) as app:
            with pytest.raises(SourceError, match="not installed here, or HOUSEVOICE_OCR"):
                await app.library.add(str(tmp_path / "docs"), options={"ocr": True})

    async def test_private_pages_are_read_only_where_that_was_allowed(
        self, settings: Settings
    ) -> None:
        page = "http://127.0.0.1:9/page"
        async with open_app(settings) as app:
            _, report = await app.library.add(page)
            assert report.error is not None and "allowed" in report.error
        async with open_app(changed(settings, http_allow=("127.0.0.1",))) as app:
            _, report = await app.library.add(page)
            assert report.error is not None and "allowed" not in report.error

    async def test_passages_go_to_weaviate_where_it_is_set(self, settings: Settings) -> None:
        with StandIn() as server:
            remote = changed(settings, weaviate_url=server.url, weaviate_grpc_port=server.grpc_port)
            async with open_app(remote) as app:
                assert await app.store.count() == 0
            assert server.aliases == {DEFAULT_ALIAS: f"{DEFAULT_ALIAS}_v1"}
        assert not (settings.data / "passages.db").exists()

    async def test_a_voice_is_read_once_and_none_is_the_configured_one(
        self, settings: Settings
    ) -> None:
        async with open_app(settings) as app:
            assert app.voice(None) is app.voice("fernhill")
            with pytest.raises(ConfigurationError, match=r"no voice 'nobody'.*fernhill"):
                app.voice("nobody")

    async def test_the_environment_is_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOUSEVOICE_DATA", "/srv/housevoice")
        monkeypatch.setenv("HOUSEVOICE_HTTP_ALLOW", '["wiki.corp.example", "10.1.0.0/16"]')
        monkeypatch.setenv("HOUSEVOICE_VOICE", "")
        read = Settings()
        assert read.data == Path("/srv/housevoice")
        assert read.http_allow == ("wiki.corp.example", "10.1.0.0/16")
        assert read.voice == "fernhill"


class TestWriters:
    async def test_each_voice_has_one_writer_however_many_ask(
        self, settings: Settings, tiny_writer: Path
    ) -> None:
        async with open_app(changed(settings, writer_model=str(tiny_writer))) as app:
            fernhill = app.voice(None)
            other = replace(fernhill, name="other")
            first: Writer = await app.writer(fernhill)
            assert await app.writer(fernhill) is first
            assert await app.writer(other) is not first

    async def test_two_versions_of_a_voice_speak_side_by_side(
        self, settings: Settings, tiny_writer: Path
    ) -> None:
        async with open_app(changed(settings, writer_model=str(tiny_writer))) as app:
            older = app.voice(None)
            newer = replace(older, digest=older.digest[::-1])
            first, second = await app.writer(older), await app.writer(newer)
            assert first is not second
            assert await app.writer(older) is first and await app.writer(newer) is second

    async def test_a_lora_is_not_put_on_a_base_that_it_was_not_trained_on(
        self, settings: Settings, tiny_writer: Path
    ) -> None:
        async with open_app(changed(settings, writer_model=str(tiny_writer))) as app:
            fernhill = app.voice(None)
            assert fernhill.lora is not None
            assert not (await app.writer(fernhill)).tuned

    async def test_a_model_that_is_not_there_is_named(self, settings: Settings) -> None:
        async with open_app(changed(settings, writer_model="/no/such/model")) as app:
            with pytest.raises(ModelError, match="/no/such/model"):
                await app.writer(app.voice(None))

    async def test_an_endpoint_needs_its_address(self, settings: Settings) -> None:
        async with open_app(changed(settings, writer_model="endpoint")) as app:
            with pytest.raises(ConfigurationError, match="HOUSEVOICE_WRITER_URL"):
                await app.writer(app.voice(None))


class TestWarmUp:
    async def test_both_models_are_loaded_for_the_configured_voice(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        warmed: list[str] = []

        async def warm_up(_: LocalEmbedder) -> None:
            warmed.append("embedder")

        async def writer(voice: Voice) -> Writer:
            warmed.append(voice.name)
            return FakeWriter()

        monkeypatch.setattr(LocalEmbedder, "warm_up", warm_up)
        async with open_app(settings, writer) as app:
            assert warmed == []
            await app.warm_up()
        assert sorted(warmed) == ["embedder", "fernhill"]


class TestJobs:
    async def test_sources_are_read_again_when_the_settings_say(self, settings: Settings) -> None:
        async with open_app(settings) as app:
            names = [job.name for job in app.jobs()]
            assert names == [
                "housekeeping",
                "reindex",
                "reingest",
                "notices",
                "wordings",
                "digest",
            ]
        async with open_app(changed(settings, train_at="0 4 * * *")) as app:
            assert app.jobs()[-1].name == "training"

    async def test_empty_leaves_those_alone_that_have_no_schedule_of_their_own(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        runs = []
        async with open_app(changed(settings, refresh_at="")) as app:
            for name, schedule in (("usual", ""), ("often", "* * * * *")):
                (tmp_path / name).mkdir()
                (tmp_path / name / "pay.md").write_text("Salaries arrive monthly.")
                spec, _ = await app.library.add(str(tmp_path / name))
                await app.library.set_schedule(spec.id, schedule)
            engine = await open_database(f"sqlite:///{settings.data / 'state.db'}")
            async with engine.begin() as db:  # as if that had been long ago
                await db.execute(sa.text("UPDATE run SET started_at = '2020-01-01 00:00:00'"))
            await engine.dispose()
            reingest = next(job for job in app.jobs() if job.name == "reingest")
            await reingest.do()
            for spec in await app.library.sources():
                runs.append(len((await app.library.show(spec.id))[1]))
        assert runs == [1, 2]

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"refresh_at": "at three"}, "'at three'"),
            ({"train_at": "at four"}, "'at four'"),
            ({"timezone": "Mars"}, "'Mars'"),
            ({"timezone": "Europe"}, "'Europe'"),
        ],
    )
    async def test_times_that_are_none_are_refused(
        self, settings: Settings, wrong: dict[str, str], said: str
    ) -> None:
        async with open_app(changed(settings, **wrong)) as app:
            with pytest.raises(ConfigurationError, match=said):
                app.jobs()

    async def test_a_night_that_was_missed_is_made_up_for_at_the_start(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs" / "pay.md").write_text("Salaries arrive monthly.")
        async with open_app(changed(settings, refresh_at="0 0 1 1 *")) as app:
            spec, _ = await app.library.add(str(tmp_path / "docs"))
            engine = await open_database(f"sqlite:///{settings.data / 'state.db'}")
            async with engine.begin() as db:  # as if that had been long ago
                await db.execute(sa.text("UPDATE run SET started_at = '2020-01-01 00:00:00'"))
            await engine.dispose()
            reingest = next(job for job in app.jobs() if job.name == "reingest")
            await reingest.do()
            assert len((await app.library.show(spec.id))[1]) == 2
            await reingest.do()
            assert len((await app.library.show(spec.id))[1]) == 2


@pytest.mark.usefixtures("nothing_left")
class TestClosing:
    async def test_nothing_is_left_open(self, settings: Settings) -> None:
        async with open_app(settings) as app:
            await app.store.count()
            await app.library.sources()
        with pytest.raises(StoreError):
            await app.store.count()

    async def test_nothing_is_left_open_after_an_error_inside(self, settings: Settings) -> None:
        apps = []

        async def fails() -> None:
            async with open_app(settings) as app:
                apps.append(app)
                await app.library.sources()
                raise KeyError("inside")

        with pytest.raises(KeyError, match="inside"):
            await fails()
        with pytest.raises(StoreError):
            await apps[0].store.count()

    async def test_nothing_is_left_open_where_the_store_cannot_be_opened(
        self, settings: Settings
    ) -> None:
        settings.data.mkdir()
        (settings.data / "passages.db").write_text("This is a note, not a database. " * 50)
        with pytest.raises(StoreError, match=r"passages\.db"):
            async with open_app(settings):
                pass

    async def test_nothing_is_left_open_where_the_embedder_is_missing(
        self, settings: Settings
    ) -> None:
        with pytest.raises(KnowledgeError, match="/nowhere"):
            async with open_app(changed(settings, embedder="/nowhere")):
                pass

    async def test_two_may_be_open_at_once(self, settings: Settings) -> None:
        async with open_app(settings) as one, open_app(settings) as other:
            await one.store.replace("handbook", "guide.md", [passage("Trains.", toward(travel=1))])
            assert await other.store.count() == 1


class TestCannotStart:
    async def test_a_data_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(ConfigurationError, match="HOUSEVOICE_DATA"):
            async with open_app(Settings(data=tmp_path / "file" / "data")):
                pass

    async def test_a_data_folder_that_cannot_be_written_to(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied", str(settings.data))

        monkeypatch.setattr(Path, "mkdir", refuse)  # root may write anywhere
        with pytest.raises(ConfigurationError, match="Permission denied"):
            async with open_app(settings):
                pass
