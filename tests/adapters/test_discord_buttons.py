"""Buttons and forms on Discord: forged, of others, of dead processes, of those who may not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from simcord import MemberActor
from simcord.components import walk_components

from adapters.discord.config import permissions
from tests.adapters.discord_office import (
    ANSWER,
    Office,
    assert_nothing_to_fear,
    office_at,
)
from tests.adapters.slack_office import Log, captured_log
from tests.kit.fakes import evidence
from tests.stand_ins.discord_server import Interaction, Posted


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_at(tmp_path) as opened:
        await opened.start()
        yield opened
        assert_nothing_to_fear(opened)


@pytest.fixture
def log() -> Iterator[Log]:
    """All that was logged."""
    with captured_log() as captured:
        yield captured


async def pressed(
    office: Office, by: MemberActor, message: Posted, custom_id: str, *, label: str = "Helpful"
) -> Interaction:
    """Press a button whose id has been exchanged for another one."""
    (button,) = (
        each for each in walk_components(message._message.components) if each.get("label") == label
    )
    button["custom_id"] = custom_id
    used = await office.discord.click(by, message, custom_id=custom_id, wait=False)
    await office.rest()
    return used


def trace_of(message: Posted | None) -> str:
    """The trace that a message's buttons act on."""
    assert message
    return next(iter(message.controls)).rpartition(":")[2]


@pytest.mark.parametrize(
    "id",
    [
        "hv:helpful:",
        "hv:helpful:0000",
        "hv:why:00000000000000000000000000000000",
        "hv:share:nothing",
        "hv:person:nothing",
        "hv:send:nothing",
        "hv:edit:nothing",
        "hv:copy:nothing",
        "hv:solved:",
        "hv:solved:nothing",
        "hv:fromthefuture:nothing",
        "hvform:nothing",
    ],
)
async def test_a_forged_button_gets_a_word_and_nothing_else(
    office: Office, id: str, log: Log
) -> None:
    answer = await office.answered()
    used = await pressed(office, office.bob, answer, id)
    assert used.acknowledged and used.text, "silence"
    assert ANSWER not in used.text
    assert not log.holding(["Traceback"])
    assert [each for each in office.everything() if not each.ephemeral] == [answer]


@pytest.mark.parametrize("id", ["hv:why:' OR 1=1 --", "hv:", "x", "hv:why:" + "a" * 90, "hvform:"])
async def test_a_button_that_is_not_ours_is_let_be(office: Office, id: str, log: Log) -> None:
    answer = await office.answered()
    await pressed(office, office.bob, answer, id)
    assert office.everything() == [answer]
    assert not log.holding(["Traceback"])


@pytest.mark.parametrize("action", ["why", "share", "helpful", "person"])
async def test_the_answer_to_somebody_else_in_private_is_not_acted_on(
    office: Office, action: str, log: Log
) -> None:
    office.bench.knows("pay", evidence("Bob earns a plum.", title="Plums", source="pay"))
    private = await office.command(office.bob, "ask", question="what does Bob get as pay?")
    answer = await office.answered()
    trace = trace_of(private.message)
    used = await pressed(office, office.ann, answer, f"hv:{action}:{trace}")
    assert "somebody else" in used.text and "lum" not in used.text
    assert not any("lum" in each.text for each in office.discord.replies(office.general))


@pytest.mark.parametrize("action", ["send", "edit", "copy"])
async def test_somebody_elses_draft_is_not_acted_on(office: Office, action: str) -> None:
    draft = await office.command(office.bob, "voice", "say", draft="Hi, the plum is not ripe.")
    answer = await office.answered()
    trace = trace_of(draft.message)
    used = await pressed(office, office.ann, answer, f"hv:{action}:{trace}")
    assert "no longer kept" in used.text and "plum" not in used.text
    assert not used.modal and not office.discord.replies(office.general)


async def test_an_answer_whose_record_is_gone_says_so(office: Office) -> None:
    answer = await office.answered()
    async with office.bench.engine.begin() as db:
        await db.exec_driver_sql("DELETE FROM trace")
    for label in ("Helpful", "Not helpful", "Why this answer?"):
        used = await office.click(office.bob, answer, label)
        assert used.text.startswith("I no longer have the record"), label


async def test_buttons_and_forms_outlive_the_process_that_showed_them(office: Office) -> None:
    answer = await office.answered()
    alone = await office.command(office.bob, "ask", question="how many days of leave?")
    form = await office.command(office.ann, "kb", "channel")
    draft = await office.command(office.bob, "voice", "say", draft="Hi, the plum is not ripe.")
    await office.crash()
    await office.start(await office.replica())
    assert "Thank you" in (await office.click(office.bob, answer, "Helpful")).text
    assert "What I read" in (await office.click(office.bob, answer, "Why this answer?")).text
    assert (await office.click(office.bob, alone.message, "Share with channel")).text == "Shared."
    assert "plum" in (await office.click(office.bob, draft.message, "Copy")).text
    edit = await office.click(office.bob, draft.message, "Edit")
    assert edit.modal and "plum" in str(edit.modal)
    filled = {"one_of:answers": ["never"], "number:bar": "2", "one_of:voice": ["default"]}
    used = await office.discord.submit(form, {**filled, "number:daily_limit": ""})
    await office.rest()
    assert "Not saved" in used.text and "0 to 1" in used.text
    assert "Open it again" not in used.text, "the form itself is not known any more"


async def test_who_is_no_admin_any_more_when_the_form_is_sent_changes_nothing(
    office: Office,
) -> None:
    form = await office.command(office.ann, "kb", "channel")
    office.discord.revoke(office.ann, office.discord.guild.roles["Admin"])
    office.hand.now += 1
    used = await office.discord.submit(
        form,
        {
            "one_of:answers": ["never"],
            "number:bar": "0.8",
            "one_of:voice": ["default"],
            "number:daily_limit": "",
        },
    )
    await office.rest()
    assert used.text == "Only admins may change this."
    assert await office.bench.rows("channel") == []


@pytest.mark.parametrize(
    "id",
    [
        "hv:channel:0:",
        "hv:workspace:0:",
        "hv:draft:0:",
        "hv:draft:0:draft=nothing",
        "hv:fromthefuture:0:",
        "hv:channel:0:&&&=%ZZ",
    ],
)
async def test_a_forged_form_of_who_may_not_gets_a_word_and_changes_nothing(
    office: Office, id: str, log: Log
) -> None:
    draft = await office.command(office.bob, "voice", "say", draft="Hi, the plum is not ripe.")
    opened = await office.click(office.bob, draft.message, "Edit")
    assert opened.modal and opened._interaction.modal
    opened._interaction.modal["custom_id"] = id
    field = opened.modal["components"][0]["component"]["custom_id"]
    used = await office.discord.submit(opened, {field: "what is this?"}, wait=False)
    await office.rest()
    assert used.acknowledged and used.text, "silence"
    assert "Traceback" not in used.text and not log.holding(["Traceback", "what is this"])
    assert await office.bench.rows("channel") == []


async def test_admin_commands_are_for_admins_alone(office: Office) -> None:
    admin = [each for each in office.bench.commands.all if each.admin]
    assert len(admin) >= 4
    for command in admin:
        words = {
            each.name: ("a.md", b"A page.") if each.kind == "file" else "hb"
            for each in command.parameters
            if each.required
        }
        for where in (office.general, office.discord.dm(office.bob)):
            used = await office.command(
                office.bob, command.name, command.action, channel=where, **words
            )
            assert "for admins" in used.text and not used.modal, f"{command.usage}: {used.text}"


# --- forums -------------------------------------------------------------------------------------


async def test_a_forum_post_is_solved_by_its_author_or_who_manages_threads(
    office: Office,
) -> None:
    forum = office.discord.channel("questions", kind="forum")
    await office.rules(forum, forum=True)
    mod = office.discord.user("Mod", [office.discord.role("Mods", "manage_threads")])
    stranger = office.discord.user("Cat")
    for solver, may in ((stranger, False), (office.ann, False), (office.bob, True), (mod, True)):
        office.discord.deliveries = 2
        post = office.discord.thread(forum, "Leave", by=office.bob, text="How many days of leave?")
        await office.rest()
        (answer,) = office.discord.replies(post)
        assert ANSWER in answer.text
        used = await office.click(solver, answer, "Mark as solved")
        archived = bool(post._channel.thread_metadata and post._channel.thread_metadata.archived)
        assert archived == may, used.text
        assert used.text.startswith("Marked as solved" if may else "Only who opened this post")


async def test_where_it_may_not_close_posts_it_says_so(tmp_path: Path) -> None:
    held = permissions()
    held.manage_threads = False
    async with office_at(tmp_path, held=held) as office:
        await office.start()
        forum = office.discord.channel("questions", kind="forum")
        await office.rules(forum, forum=True)
        post = office.discord.thread(forum, "Leave", by=office.bob, text="How many days of leave?")
        await office.rest()
        used = await office.click(office.bob, office.discord.replies(post)[0], "Mark as solved")
        assert "Manage Threads" in used.text
