"""What is kept about a person is shown as a whole, and goes as a whole."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from bot.answers.voices.blind import BlindChoices
from bot.answers.voices.wordings import Wordings
from bot.desk.console.passes import Guest
from bot.desk.kb.proposals import Proposal
from bot.shell.app import open_app
from bot.shell.cli import cli
from bot.shell.settings import Settings
from bot.types import Place
from knowledge.state.tables import metadata
from knowledge.types import PUBLIC
from tests.adapters.desk_bench import Bench, open_bench
from tests.adapters.fake_platform import CHANNEL, THREAD, FakePlatform, utterance
from tests.kit.fakes import evidence
from tests.kit.store_toys import passage, toward

ZOE, BOB = "office:user:zoe-77", "office:user:bob"
PAY = evidence("Salaries are paid on the 25th of each month.\n", title="Pay", document="pay.md")
Housevoice = Callable[..., Awaitable[Result]]

_OF_NOBODY = {
    *("alembic_version", "source_lease", "document", "run", "quiet", "outbox"),
    *("index_generation", "index_change", "reading_task", "work_item", "kept_version"),
    *("golden_question", "notice", "measure", "source_measure", "voice_training"),
}
"""Tables in which nothing is kept about a person: they are places', documents' or the index's."""
_OF_PEOPLE = {
    *("turn", "trace", "citation", "gap", "feedback", "recall", "inbox", "usage", "draft"),
    *("proposal", "attachment", "audit", "channel", "curated_answer", "source", "wording"),
    *("blind_choice", "console_pass"),
}


@pytest_asyncio.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """As everywhere, but with limits, so that questions are counted."""
    async with open_bench(tmp_path, person_hourly=9, workspace_daily=9) as opened:
        yield opened


@pytest.fixture
def housevoice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Housevoice:
    """The command line, on the bench's own data."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOUSEVOICE_DATA", str(tmp_path))

    async def do(*words: str) -> Result:
        return await asyncio.to_thread(lambda: CliRunner().invoke(cli, list(words)))

    return do


async def lives(bench: Bench, office: FakePlatform, tmp_path: Path) -> None:
    """Zoe and Bob do all that leaves a trace; each has seen an answer of the other's."""
    bench.knows("payday", PAY)
    traces = {}
    for user, place in (("zoe-77", THREAD), ("bob", CHANNEL)):
        for words in (f"When is payday, asks {user}?", f"Who won the cup, asks {user}?"):
            await bench.dispatcher.hear(office, utterance(words, author=user, place=place))
            await bench.settled()
            traces[user] = office.last.subject
        await bench.drafting.rewrite(f"Thank you, says {user}.", place, user)
        who = f"office:user:{user}"
        await bench.knowledge.proposals.save(Proposal(f"https://{user}.example"), who)
        async with bench.audit.of(who, "added", "handbook"):
            pass
        await bench.knowledge.curated.add(
            f"Who? ({len(traces)})", "Ida does.", access=frozenset({PUBLIC}), owner=who
        )
    wordings = Wordings(bench.engine, bench.clock)
    choices = BlindChoices(bench.engine, bench.clock)
    for owner, other in ((ZOE, BOB), (BOB, ZOE)):
        id = await wordings.propose("fernhill", "You obtain it.", f"You get it, {owner}.", owner)
        await wordings.approve(id, other)
        await choices.show("fernhill:v1", "fernhill:v2", owner)
    for rater in ("zoe-77", "bob"):
        for trace in traces.values():
            await bench.follow_ups.rate(trace, CHANNEL, rater, helpful=True)
    async with open_app(Settings(data=tmp_path)) as app:
        for place in (THREAD, CHANNEL):
            source = f"attachment:{place.conversation}"
            await app.store.replace(
                source, "guide.md", [passage("A life.", toward(pay=1), source=source)]
            )
    entry = "INSERT INTO attachment VALUES (:conversation, 'guide.md', 'd', '2026-03-02')"
    async with bench.engine.begin() as db:
        for place in (THREAD, CHANNEL):
            await db.execute(sa.text(entry), {"conversation": place.conversation})


def everything(folder: Path) -> str:
    """All rows of all tables of the state and of the passages."""
    found: list[Any] = []
    for name in ("state.db", "passages.db"):
        with closing(sqlite3.connect(folder / name)) as db:
            for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
                found.append((table, db.execute(f'SELECT * FROM "{table}"').fetchall()))  # noqa: S608
    return repr(found)


async def test_forgetting_leaves_no_trace_of_one_and_all_of_the_other(
    bench: Bench, office: FakePlatform, housevoice: Housevoice, tmp_path: Path
) -> None:
    await lives(bench, office, tmp_path)
    before = everything(tmp_path)
    assert before.count("zoe-77") >= 10 and f"attachment:{THREAD.conversation}" in before
    kept_of_bob = json.loads((await housevoice("export", "--user", BOB)).stdout)["kept"]
    done = await housevoice("forget", "--user", ZOE)
    assert done.exit_code == 0, done.output
    after = everything(tmp_path)
    assert "zoe-77" not in after
    assert f"attachment:{THREAD.conversation}" not in after
    assert f"attachment:{CHANNEL.conversation}" in after
    still = json.loads((await housevoice("export", "--user", BOB)).stdout)["kept"]
    for kept in (kept_of_bob, still):
        # His opinion of her answer went with it, and this test's own looks are in the audit.
        del kept["feedback"], kept["audit"]
    assert still == kept_of_bob
    assert len(await bench.rows("feedback")) == 1
    [line] = [each for each in await bench.audit.newest(9) if each.what == "forgot"]
    assert line.outcome == "done" and "trace 2" in line.detail
    again = await housevoice("forget", "--user", ZOE)
    assert again.exit_code == 0 and "Nothing is kept" in again.output


async def test_an_export_has_all_of_ones_own_and_nothing_of_anothers(
    bench: Bench, office: FakePlatform, housevoice: Housevoice, tmp_path: Path
) -> None:
    await lives(bench, office, tmp_path)
    done = await housevoice("export", "--user", ZOE)
    told = json.loads(done.stdout)
    assert told["user"] == ZOE
    assert told["kept"].keys() >= {
        *("trace", "turn", "citation", "gap", "feedback", "inbox", "usage", "draft"),
        *("proposal", "attachment", "audit", "curated_answer"),
    }
    assert {each["question"] for each in told["kept"]["gap"]} == {"Who won the cup, asks zoe-77?"}
    assert "bob" not in done.stdout


async def test_what_somebody_did_in_the_console_goes_with_them(
    bench: Bench, housevoice: Housevoice
) -> None:
    console = FakePlatform(name="browser")
    place = Place("browser", "", "c1", direct=True)
    for author in (ZOE, BOB):
        await bench.console.passes.link(Guest(CHANNEL, author.rpartition(":")[2]))
        said = utterance("Who won the cup?", place=replace(place, channel=author), author=author)
        await bench.dispatcher.hear(console, said)
        await bench.settled()
    assert len(await bench.rows("trace")) == 2
    told = json.loads((await housevoice("export", "--user", ZOE)).stdout)
    assert len(told["kept"]["trace"]) == len(told["kept"]["console_pass"]) == 1
    assert (await housevoice("forget", "--user", ZOE)).exit_code == 0
    (trace,), (kept,) = await bench.rows("trace"), await bench.rows("console_pass")
    assert trace["asker"] == f"browser:user:{BOB}" and kept["owner"] == BOB


@pytest.mark.parametrize("word", ["forget", "export"])
async def test_what_names_nobody_is_refused(housevoice: Housevoice, word: str) -> None:
    done = await housevoice(word, "--user", "Zoe")
    assert done.exit_code == 1 and "slack:user:" in done.output


def test_of_every_table_somebody_decided_whether_it_is_about_people() -> None:
    assert metadata.tables.keys() - _OF_NOBODY - _OF_PEOPLE == set()
