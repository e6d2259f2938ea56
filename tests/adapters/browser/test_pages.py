"""What people do on the console's pages, seen on the pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import html

from bot.desk.kb.progress import PACE
from bot.findings import Finding
from bot.ports import KindOption, Options, SourceKind, SourceReading, Trial
from bot.source_ports import Undecided
from bot.types import Place
from tests.adapters.browser.house import House, Tab, open_house, text_of
from tests.adapters.fake_platform import CHANNEL, NAME, utterance
from tests.kit.fakes import evidence

QUESTION, ANSWER = "When do salaries arrive?", "Salaries arrive on the 28th."
A_DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async def examine() -> list[Finding]:
        return [Finding("disk", False, "It is full.")]

    async with open_house(tmp_path, examine=examine, prompts=("What can you do?",)) as house:
        house.bench.knows("salaries", evidence(ANSWER, title="Pay"))
        yield house


@pytest.fixture
async def ida(house: House) -> Tab:
    return await house.signed_in("ida")


# --- Ask ------------------------------------------------------------------------------------------


async def test_a_question_is_answered_with_its_sources_and_kept_with_the_conversation(
    house: House, ida: Tab
) -> None:
    page = await ida.ask(QUESTION)
    tree = html.fromstring(page.text)
    assert ANSWER in text_of(page) and "● " in text_of(page)
    (source,) = tree.xpath("//ol[@class='cited']/li")
    assert source.text_content().strip() == "[1] Pay"
    assert source.xpath("./a/@href") == ["https://intra.example/handbook"]
    again = await ida.ask("and when do salaries arrive in May?", page.url.path)
    assert len(html.fromstring(again.text).xpath("//article")) == 2
    (first, second) = await house.bench.rows("trace")
    assert first["asker"] == second["asker"] == f"browser:user:{NAME}:user:ida"
    assert first["private"] and second["private"]


async def test_an_answer_is_seen_while_it_grows(house: House, ida: Tab) -> None:
    begun = await ida.begin()
    conversation = begun.url.path
    gate = house.office.hold("principals")  # the answer cannot be looked up yet
    csrf = await ida.csrf()
    part = await ida.http.post(
        conversation, data={"csrf": csrf, "question": QUESTION}, headers={"HX-Request": "true"}
    )
    (article,) = html.fromstring(f"<div>{part.text}</div>").xpath("//article")
    assert article.get("hx-trigger") == "load" and "Writing" in article.text_content()
    gate.set()
    await house.bench.settled()
    grown = await ida.get(article.get("hx-get"), headers={"HX-Request": "true"})
    (article,) = html.fromstring(f"<div>{grown.text}</div>").xpath("//article")
    assert ANSWER in article.text_content() and article.get("hx-get") is None


async def test_without_scripts_the_page_asks_again_by_itself(house: House, ida: Tab) -> None:
    conversation = (await ida.begin()).url.path
    gate = house.office.hold("principals")
    csrf = await ida.csrf()
    sent = await ida.http.post(conversation, data={"csrf": csrf, "question": QUESTION})
    assert (sent.status_code, sent.headers["location"]) == (303, f"{conversation}#end")
    gate.set()
    waiting = await ida.get(conversation)
    if "Writing" in waiting.text:
        # With a fragment in the address, a browser would only scroll there.
        assert f'content="2; url={conversation}"></noscript>' in waiting.text
    await house.bench.settled()
    done = await ida.get(conversation)
    assert ANSWER in text_of(done) and "http-equiv" not in done.text


async def test_what_somebody_may_read_on_their_platform_they_are_answered_from(
    house: House,
) -> None:
    only = evidence("The board meets on Monday.", access=frozenset({f"{NAME}:group:leads"}))
    house.bench.knows("board", only)
    asked = "When does the board meet?"
    assert "Monday" in text_of(await (await house.signed_in("lea")).ask(asked))
    for who in ("ann", "local"):
        assert "Monday" not in text_of(await (await house.signed_in(who)).ask(asked))


@pytest.mark.parametrize("part", [True, False])
async def test_opinions_and_reasons_stand_under_the_answer(
    house: House, ida: Tab, part: bool
) -> None:
    page = await ida.ask(QUESTION)
    (trace,) = await house.bench.rows("trace")
    conversation = page.url.path.removeprefix("/ask/")
    pressed = {"subject": trace["id"], "conversation": conversation, "back": page.url.path}
    headers = {"HX-Request": "true"} if part else {}
    why = await ida.post("/press", {"action": "why", **pressed}, headers=headers)
    assert "What I read" in text_of(why) and trace["id"] in text_of(why)
    assert ("<!doctype" in why.text) != part
    await ida.post("/press", {"action": "helpful", **pressed}, headers=headers)
    (opinion,) = await house.bench.rows("feedback")
    assert opinion["helpful"] and opinion["rater"] == f"browser:user:{NAME}:user:ida"


async def test_a_wish_or_a_fault_is_told(house: House, ida: Tab) -> None:
    assert "Write a question" in text_of(await ida.post((await ida.begin()).url.path, {}))
    unknown = {"question": QUESTION, "voice": "nobody"}
    assert "no voice" in text_of(await ida.post((await ida.begin()).url.path, unknown))
    assert "What can you do?" in text_of(await ida.begin())


async def test_a_limit_is_told_where_the_answer_would_stand(tmp_path: Path) -> None:
    async with open_house(tmp_path, person_hourly=1) as house:
        tab = await house.signed_in("ann")
        page = await tab.ask("Who?")
        again = await tab.ask("And who else?", page.url.path)
        assert "a lot of questions" in text_of(again)


async def test_a_question_survives_the_process(house: House, ida: Tab) -> None:
    conversation = (await ida.begin()).url.path
    house.office.hold("principals")
    await ida.post(conversation, {"question": QUESTION})
    await house.bench.crash()
    house.office.gates.clear()
    house.bench.clock.tick(31)
    async with house.bench.replica() as other:
        adapter = type(house.adapter)(house.adapter.config, other.console)
        other.present.update({NAME: house.office, adapter.name: adapter})
        await other.dispatcher.recover(adapter)
        await other.settled()
    assert ANSWER in text_of(await ida.get(conversation))


# --- Sources --------------------------------------------------------------------------------------

HELP = "https://a.example/help"
_WEB = SourceKind(
    "web",
    "a web page",
    (
        KindOption("pages", "number", 5, "The most pages."),
        KindOption("include", "texts", (), "Paths."),
        KindOption("all", "yes_no", False, "Everything."),
    ),
)


async def test_a_source_is_tried_shown_and_then_kept(house: House, ida: Tab) -> None:
    tried = await ida.waited(await ida.post("/sources/new", {"address": HELP, "readers": "public"}))
    assert "Nothing is kept yet" in text_of(tried) and "Ring twice." in text_of(tried)
    assert await house.bench.world.sources.all() == []
    (keep,) = html.fromstring(tried.text).xpath("//form[.//button[normalize-space()='Add it']]")
    fields = {each.name: each.value for each in keep.inputs if each.name}
    kept = await ida.waited(await ida.post("/press", fields))
    assert "is a source now" in text_of(kept)
    listed = await ida.get("/sources")
    assert HELP in text_of(listed)
    (line, *_) = await house.bench.audit.newest(1)
    assert (line.who, line.what) == (f"{NAME}:user:ida", "added")


async def test_the_form_is_made_of_what_the_kind_declares(house: House, ida: Tab) -> None:
    sources = house.bench.world.sources

    async def kinds() -> Sequence[SourceKind]:
        return [_WEB]

    sources.kinds = kinds  # type: ignore[method-assign]
    form = (await ida.see("/sources/new?kind=web")).forms[-1]
    names = {each.name: each.get("type", "text") for each in form.inputs if each.name}
    assert names.items() >= {"o-pages": "text", "o-include": "text", "o-all": "checkbox"}.items()
    given: list[tuple[str, str, Options | None]] = []

    async def try_out(address: str, kind: str = "", options: Options | None = None) -> Trial:
        given.append((address, kind, options))
        return await type(sources).try_out(sources, address, kind, options)

    sources.try_out = try_out  # type: ignore[method-assign]
    plain = {"address": HELP, "kind": "web", "readers": "public", "o-pages": "5"}
    await ida.waited(await ida.post("/sources/new", plain))
    changed = {**plain, "o-pages": "9", "o-include": "/a, /b", "o-all": "yes", "o-evil": "x"}
    await ida.waited(await ida.post("/sources/new", changed))
    assert given == [
        (HELP, "web", None),
        (HELP, "web", {"pages": 9, "include": ("/a", "/b"), "all": True}),
    ]
    wrong = await ida.post("/sources/new", {**plain, "o-pages": "many"})
    assert "pages is a whole number" in text_of(wrong)


async def test_a_file_can_be_added(house: House, ida: Tab) -> None:
    sent = await ida.post("/sources/new", {"readers": "public"}, files={"file": ("a.txt", b"x")})
    assert "upload://a.txt" in text_of(await ida.waited(sent))
    assert ("upload", "a.txt") in house.bench.world.sources.done


async def test_what_cannot_be_added_is_told(house: House, ida: Tab) -> None:
    assert "Give an address" in text_of(await ida.post("/sources/new", {"readers": "public"}))
    wrong = await ida.post("/sources/new", {"address": "/etc", "readers": "public"})
    assert "is not an address" in text_of(await ida.waited(wrong))
    nobody = await ida.post("/sources/new", {"address": HELP, "readers": "bob"})
    assert "do not know who" in text_of(nobody)


async def test_a_source_is_looked_after_on_its_page(house: House, ida: Tab) -> None:
    sources = house.bench.world.sources
    await sources.add(HELP)
    (source,) = sources.known
    sources.past[source.id] = [
        SourceReading(A_DAY, A_DAY, added=3, skipped={"b.pdf": "It is empty."})
    ]
    page = text_of(await ida.get(f"/sources/{source.id}"))
    assert "3 added" in page and "b.pdf: It is empty." in page and "every night" in page
    of = {"source": source.id}
    sources.steps = [(7, 40)]
    assert "1 added" in text_of(await ida.waited(await ida.post("/do/kb/refresh", of)))
    await ida.post("/do/kb/pause", of)
    assert "paused" in text_of(await ida.get("/sources"))
    await ida.post("/do/kb/resume", of)
    await ida.post("/do/kb/schedule", {**of, "when": "hourly"})
    await ida.post("/do/kb/access", {**of, "readers": "role:managers"})
    assert sources.known[0].schedule == "hourly"
    assert sources.known[0].readers == {"role:managers"}
    assert "limited" in text_of(await ida.get("/sources"))
    changes = text_of(await ida.get(f"/sources/{source.id}"))
    assert "@ida: access (role:managers)" in changes


async def test_a_source_goes_only_after_a_second_word(house: House, ida: Tab) -> None:
    sources = house.bench.world.sources
    await sources.add(HELP)
    asked = await ida.post("/do/kb/remove", {"source": sources.known[0].id})
    form = html.fromstring(asked.text).forms[-1]
    fields = dict(form.fields)
    assert fields["f-decision"] == "keep" and len(sources.known) == 1
    assert "stays as it is" in text_of(await ida.post(form.action, fields))
    told = await ida.post(form.action, {**fields, "f-decision": "remove"})
    assert "is removed" in text_of(told) and sources.known == []


async def test_progress_is_seen_while_a_source_is_read(house: House, ida: Tab) -> None:
    sources = house.bench.world.sources
    await sources.add(HELP)
    gate = asyncio.Event()
    sources.hold, sources.steps = gate.wait, [(7, 40)]
    begun = await ida.post("/do/kb/refresh", {"source": sources.known[0].id})
    while house.bench.world.hand.next is None:  # noqa: ASYNC110 - nobody tells that they sleep
        await asyncio.sleep(0)
    house.bench.world.hand.move(PACE)
    work = house.adapter.works.known(begun.url.path.removeprefix("/progress/"))
    assert work is not None
    await work.changed_since(0, 5.0)
    assert "7 documents, 40 passages so far" in text_of(await ida.get(str(begun.url)))
    gate.set()
    assert "1 added" in text_of(await ida.waited(begun))


# --- Runs -----------------------------------------------------------------------------------------


async def test_what_waits_is_shown_approved_and_taken_back(house: House, ida: Tab) -> None:
    sources, releases = house.bench.world.sources, house.bench.world.releases
    await sources.add(HELP)
    (source,) = sources.known
    releases.readings[source.id] = [
        SourceReading(A_DAY, A_DAY, removed=9, waits=("9 of 10 went.",), number=2, state="waiting"),
        SourceReading(A_DAY, A_DAY, added=10, quarantined={"c.md": "It is odd."}, number=1),
    ]
    page = text_of(await ida.get("/runs"))
    assert "Waits for your word: 9 of 10 went." in page and "c.md: It is odd." in page
    releases.waiting[source.id] = Undecided(9)
    told = await ida.post("/runs/approve", {"source": source.id})
    assert "9 changed" in text_of(told)
    releases.waiting[source.id] = Undecided(9)
    await ida.post("/runs/reject", {"source": source.id})
    await ida.post("/runs/restore", {"source": source.id, "run": "1"})
    assert releases.done == [
        ("approve", source.id),
        ("reject", source.id),
        ("restore", f"{source.id} 1"),
    ]
    lines = await house.bench.audit.newest(3)
    assert [each.what for each in lines] == ["restored", "rejected", "approved"]
    assert "not the number" in text_of(
        await ida.post("/runs/restore", {"source": source.id, "run": "x"})
    )


# --- Gaps -----------------------------------------------------------------------------------------


async def test_a_gap_is_answered_on_the_page(house: House, ida: Tab) -> None:
    await ida.ask("Who repairs bicycles?")
    tree = await ida.see("/gaps")
    (form,) = tree.xpath("//article//form[.//button[normalize-space()='Answer it']]")
    opened = await ida.post("/press", dict(form.fields))
    answering = html.fromstring(opened.text).forms[-1]
    fields = {**answering.fields, "f-answer": "Kim does."}
    assert fields["f-question"] == "Who repairs bicycles?"
    faulty = await ida.post(answering.action, {**fields, "f-readers": "bob"})
    assert faulty.status_code == 400 and "do not know who" in text_of(faulty)
    assert "Saved" in text_of(await ida.post(answering.action, fields))
    page = text_of(await ida.get("/gaps"))
    assert "Every question so far found an answer." in page and "Kim does." in page
    (asked,) = [each["conversation"] for each in await house.bench.rows("trace")]
    conversation = f"/ask/{asked.partition(':')[2]}"
    assert "I can answer this now" in text_of(await ida.get(conversation))
    (again,) = (await ida.see(conversation)).xpath(
        "//form[.//button[normalize-space()='Ask again']]"
    )
    await ida.post("/press", dict(again.fields))
    await house.bench.settled()
    assert "Kim does." in text_of(await ida.get(conversation))
    (remove,) = (await ida.see("/gaps")).xpath("//form[.//button[normalize-space()='Remove']]")
    await ida.post("/press", dict(remove.fields))
    assert "None yet." in text_of(await ida.get("/gaps"))


async def test_a_lead_sees_of_written_answers_what_they_may_read(house: House) -> None:
    for question, readers in (("Open?", "public"), ("Shut?", "role:managers")):
        await house.bench.knowledge.curated.add(
            question, "Yes.", access=frozenset({readers}), owner="office:user:ida"
        )
    lead = text_of(await (await house.signed_in("lea")).get("/gaps"))
    assert "Open?" in lead and "Shut?" not in lead and "Remove" not in lead


# --- Answers --------------------------------------------------------------------------------------


async def said(house: House, text: str, place: Place = CHANNEL, who: str = "ann") -> str:
    """Somebody asks in the office; the trace of the answer."""
    await house.bench.dispatcher.hear(house.office, utterance(text, place=place, author=who))
    await house.bench.settled()
    return str((await house.bench.rows("trace"))[-1]["id"])


async def test_answers_are_found_by_words_and_by_how_they_came_out(house: House, ida: Tab) -> None:
    await said(house, QUESTION)
    await said(house, "Who repairs 100% of bicycles?")
    assert QUESTION in text_of(await ida.get("/answers"))
    for query, found in (
        ("words=SALARIES", (True, False)),
        ("words=28th", (True, False)),
        ("words=100%25", (False, True)),
        ("words=_", (False, False)),
        ("tier=sure", (True, False)),
        ("tier=none", (False, True)),
        ("opinion=helpful", (False, False)),
        ("tier=nonsense", (True, True)),
    ):
        page = text_of(await ida.get(f"/answers?{query}"))
        assert (QUESTION in page, "bicycles" in page) == found, query


async def test_private_answers_and_other_channels_are_nobody_elses(house: House) -> None:
    lea = await house.signed_in("lea")
    open_here = await said(house, QUESTION)
    in_private = await said(house, "salaries, between us?", Place(NAME, "W1", "D1", direct=True))
    elsewhere = await said(house, "salaries of the board?", replace(CHANNEL, channel="C-board"))
    page = (await lea.get("/answers")).text
    assert open_here in page and in_private not in page and elsewhere not in page
    for id in (in_private, elsewhere):
        assert (await lea.get(f"/answers/{id}")).status_code == 400
        assert (await lea.post(f"/answers/{id}/wrong", {})).status_code == 400
    house.office.held["lea"] |= {f"{NAME}:channel:C-board"}
    assert elsewhere in (await lea.get("/answers")).text
    own = await lea.ask("salaries, for me alone?")
    assert "28th" in text_of(own) and "for me alone" in text_of(await lea.get("/answers"))


async def test_an_answer_from_what_somebody_may_not_read_is_not_shown(house: House) -> None:
    group = frozenset({f"{NAME}:group:board"})
    house.bench.knows("strategy", evidence("We grow slowly.", access=group))
    house.office.audiences[CHANNEL.channel] = group
    id = await said(house, "What is the strategy?")
    lea = await house.signed_in("lea")
    page = await lea.get("/answers")
    assert "strategy" not in page.text and "1 more that are not open to you" in text_of(page)
    assert (await lea.get(f"/answers/{id}")).status_code == 400
    house.office.held["lea"] |= group
    assert "We grow slowly." in text_of(await lea.get(f"/answers/{id}"))


async def test_a_wrong_answer_becomes_a_gap(house: House) -> None:
    id = await said(house, QUESTION)
    lea = await house.signed_in("lea")
    await lea.post(f"/answers/{id}/wrong", {})
    assert QUESTION in text_of(await lea.get("/gaps"))
    assert "not 1" in text_of(await lea.get("/answers?opinion=unhelpful"))
    (line, *_) = await house.bench.audit.newest(1)
    assert (line.who, line.what, line.source) == (
        f"{NAME}:user:lea",
        "marked wrong",
        f"answer:{id}",
    )


async def test_a_better_wording_waits_for_a_second_person_and_needs_consent(house: House) -> None:
    id = await said(house, QUESTION)
    lea = await house.signed_in("lea")
    path, better = f"/answers/{id}/wording", "Payday! Salaries arrive on the 28th."
    other = {"wording": "Salaries arrive on the 29th.", "consent": "yes"}
    assert "Keep the facts of the source" in text_of(await lea.post(path, other))
    assert "without your consent" in text_of(await lea.post(path, {"wording": better}))
    assert await house.bench.rows("wording") == []
    told = await lea.post(path, {"wording": better, "consent": "yes"})
    assert "waits for a second person" in text_of(told)
    (row,) = await house.bench.rows("wording")
    assert (row["plain"], row["voiced"], row["answer"]) == (ANSWER, better, id)
    assert (row["owner"], row["approved_at"]) == (f"{NAME}:user:lea", None)


async def test_a_better_wording_is_refused_to_who_does_not_look_after_the_voice(
    house: House, ida: Tab
) -> None:
    id = await said(house, QUESTION)
    given = {"wording": "Payday! Salaries arrive on the 28th.", "consent": "yes"}
    assert "role:support" in text_of(await ida.post(f"/answers/{id}/wording", given))
    assert await house.bench.rows("wording") == []


# --- Voices and Health ----------------------------------------------------------------------------


async def test_a_text_is_said_in_two_voices_side_by_side(house: House) -> None:
    lea = await house.signed_in("lea")
    text = "Hi Ms Okafor, unfortunately your order will not arrive. Regards, Ann"
    page = await lea.post("/voices", {"text": text, "one": "fernhill", "other": "harbour"})
    cards = html.fromstring(page.text).xpath("//*[@id='said']/div[@class='card']")
    assert [each.xpath("./h3/text()") for each in cards] == [["fernhill"], ["harbour"]]
    assert all("Ms Okafor" in each.text_content() for each in cards)
    assert "Let it speak" not in page.text, "that is for admins"
    assert "no voice" in text_of(await lea.post("/voices", {"text": text, "one": "../x"}))


async def test_versions_that_are_not_there_are_told(house: House, ida: Tab) -> None:
    promoted = await ida.post("/do/voice/promote", {"voice": "fernhill", "version": "v9"})
    assert "has no version" in text_of(promoted)
    for path in ("/voices/fernhill/v9", "/voices/..%2f/v9", "/voices/fernhill/..%2f..%2fguide"):
        assert (await ida.get(path)).status_code in (400, 404)


async def test_health_says_what_there_is_and_examines_when_asked(house: House, ida: Tab) -> None:
    await said(house, QUESTION)
    page = text_of(await ida.get("/health"))
    assert f"browser, {NAME}" in page and "Answers in the last day 1" in page
    assert "total" in page and "It is full." not in page
    assert "✕ disk : It is full." in text_of(await ida.post("/health", {}))
