"""What may be kept no longer goes, one thing in the way of another or not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.shell.app import open_app
from bot.shell.settings import Settings
from jobs.housekeeping import tidy_up
from knowledge.state.database import open_database

_ROWS = {
    "inbox": "INSERT INTO inbox (id, platform, conversation, author, shown, accepted_at, "
    "lease_until, attempts, failures, outcome) "
    "VALUES ('{at}', 'office', 'c', 'ann', '[]', '{at}', '{at}', 1, 0, 'answered')",
    "usage": "INSERT INTO usage (subject, window_start, count) VALUES ('ann', '{at}', 1)",
    "draft": "INSERT INTO draft (id, owner, place, text, saved_at) "
    "VALUES ('{at}', 'ann', '{{}}', 'Dear all', '{at}')",
    "attachment": "INSERT INTO attachment (conversation, document, digest, read_at) "
    "VALUES ('c', '{at}.txt', 'd', '{at}')",
    "trace": "INSERT INTO trace (id, conversation, asker, private, version, body, answered_at) "
    "VALUES ('{at}', 'c', 'ann', 0, 2, '{{}}', '{at}')",
    "gap": "INSERT INTO gap (trace_id, question, asked_at) VALUES ('{at}', 'When?', '{at}')",
}
_LOST = (
    "INSERT INTO citation (trace_id, n, source, document, passage, digest, title, url, quote) "
    "VALUES ('deleted', 1, 'handbook', 'pay.md', 'p', 'd', 'Pay', '', 'The 25th.')"
)


async def test_everything_old_goes_and_everything_new_stays(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    now = datetime.now(UTC)
    async with open_app(settings) as app:
        engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")
        async with engine.begin() as db:
            for row in _ROWS.values():
                for at in (now, now - timedelta(days=400)):
                    await db.execute(sa.text(row.format(at=at.strftime("%Y-%m-%d %H:%M:%S.%f"))))
            await db.execute(sa.text(_LOST))
        await tidy_up(app.chores)
        async with engine.connect() as db:
            counts = {
                table: (await db.execute(sa.text(f"SELECT count(*) FROM {table}"))).scalar_one()  # noqa: S608
                for table in (*_ROWS, "citation")
            }
        await engine.dispose()
    assert counts == dict.fromkeys(_ROWS, 1) | {"citation": 0}


@pytest.mark.parametrize(("days", "left"), [(0, 2), (399, 1), (401, 2)])
async def test_answers_are_kept_for_as_many_days_as_are_set(
    tmp_path: Path, days: int, left: int
) -> None:
    now = datetime.now(UTC)
    async with open_app(Settings(data=tmp_path, history_days=days)) as app:
        engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")
        async with engine.begin() as db:
            for at in (now, now - timedelta(days=400)):
                row = _ROWS["trace"].format(at=at.strftime("%Y-%m-%d %H:%M:%S.%f"))
                await db.execute(sa.text(row))
        await tidy_up(app.chores)
        async with engine.connect() as db:
            count = (await db.execute(sa.text("SELECT count(*) FROM trace"))).scalar_one()
        await engine.dispose()
    assert count == left


async def test_one_chore_that_fails_keeps_no_other_from_its_turn(
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = []

    async def fails() -> None:
        raise OSError("somebody's words")

    async def works() -> None:
        done.append("drafts")

    await tidy_up({"inbox": fails, "drafts": works})
    assert done == ["drafts"]
    told = "".join(capsys.readouterr())
    assert "housekeeping_failed" in told and "somebody's words" not in told
