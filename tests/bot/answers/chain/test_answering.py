"""The chain answers from the passage that bears a question out, in a voice's frame."""

from __future__ import annotations

import asyncio

import pytest

from bot.answers.chain import Freedom, build_chain
from bot.answers.judge import CERTAIN
from bot.answers.turns import Question
from bot.types import Delta
from bot.voice.voice import Voice
from bot.voice.writer import Choose
from knowledge.types import CURATED, PUBLIC, Evidence
from tests.bot.answers.chain.payday import CLOSING, GREETING, LEAD, PAYDAY, QUESTION, SENTENCE, Ask
from tests.kit.fakes import NEAR, THRESHOLDS, FakeRetriever, FakeWriter, evidence, far_evidence


class TestAnAnswer:
    async def test_is_greeting_lead_in_quote_mark_and_closing(self, ask: Ask) -> None:
        told = await ask(evidence(PAYDAY))
        assert told.reply.answer == f"{GREETING} {LEAD} {SENTENCE} [1] {CLOSING}"
        assert not told.reply.abstained

    async def test_streams_in_pieces_that_join_to_it(self, ask: Ask) -> None:
        told = await ask(evidence(PAYDAY))
        assert len(told.deltas) == 4
        assert "".join(told.deltas) == told.reply.answer

    async def test_cites_the_passage_it_quotes(self, ask: Ask) -> None:
        found = evidence(
            PAYDAY,
            title="Pay",
            headings=("Payday",),
            document="people/pay.md",
            url="https://intra.example/pay#payday",
        )
        [citation] = (await ask(found)).reply.citations
        assert citation.n == 1
        assert citation.title == "Pay › Payday"
        assert citation.document == "people/pay.md"
        assert citation.url == "https://intra.example/pay#payday"
        assert citation.quote == SENTENCE

    async def test_is_built_on_the_passage_that_answers_best_not_the_first(self, ask: Ask) -> None:
        told = await ask(far_evidence("The canteen opens early.\n"), evidence(PAYDAY))
        assert told.reply.citations[0].document == "handbook.md"
        assert [each.document for each in told.reply.passages] == ["x.md", "handbook.md"]

    async def test_quotes_and_cites_a_second_passage_that_answers_as_well(self, ask: Ask) -> None:
        other = evidence("Temps are paid every Friday.\n", document="temps.md", answers=0.7)
        told = await ask(evidence(PAYDAY, answers=0.7), other)
        reply = told.reply
        assert [(each.n, each.document) for each in reply.citations] == [
            (1, "handbook.md"),
            (2, "temps.md"),
        ]
        assert f"\n\n{SENTENCE}\n\n[1]\n\nTemps are paid every Friday.\n\n[2]" in reply.answer
        assert "".join(told.deltas) == reply.answer
        assert (reply.checks.quote_verbatim, reply.checks.marks) == (True, True)
        assert set(reply.checks.facts.values()) == {True}

    async def test_is_not_sure_where_a_page_only_says_that_it_answers(self, ask: Ask) -> None:
        told = await ask(evidence("This page says when payday is, and what to do before it.\n"))
        assert told.reply.tier == "unsure"
        told = await ask(evidence("This page on the wall of the office is red on payday.\n"))
        assert told.reply.tier == "sure"

    @pytest.mark.parametrize(
        ("question", "tier"),
        [
            ("what's the difference between annual leave and parental leave?", "unsure"),
            ("annual leave vs. sick leave?", "unsure"),
            ("whats the difference between annual leave and special leave", "sure"),
            ("is parental leave longer than annual leave?", "unsure"),
            ("is annual leave longer than special leave?", "sure"),
            ("does annual leave grow by more than one day?", "sure"),
            ("does annual leave go on building up?", "sure"),
        ],
    )
    async def test_is_not_sure_where_it_speaks_of_one_side_of_a_comparison(
        self, ask: Ask, question: str, tier: str
    ) -> None:
        text = "Annual leave goes on building up. Special leave does not.\n"
        told = await ask(evidence(text, headings=("Parental leave",)), question=question)
        assert told.reply.tier == tier

    @pytest.mark.parametrize(
        ("question", "text", "tier"),
        [
            ("when is the next call?", "Our next call is on Weekday, DD Month at hh.mm.", "unsure"),
            ("who chairs the call?", "The call is chaired by [name of the chair].", "unsure"),
            ("how much is a desk?", "A desk costs ________ euros.", "unsure"),
            ("how much is a chair?", "A chair costs XX.XX euros.", "unsure"),
            ("where do we meet", "We meet at <insert address>.", "unsure"),
            ("how do i write the date?", "Write dates as DD Month, times as hh.mm.", "sure"),
            ("when is the next call?", "The next call is on 3 May at 10.30.", "sure"),
            ("where is the branch made?", "It is made by `git switch -c <branch>`.", "sure"),
        ],
    )
    async def test_is_not_sure_where_the_blank_of_a_template_stands_for_what_is_asked(
        self, ask: Ask, question: str, text: str, tier: str
    ) -> None:
        assert (await ask(evidence(f"{text}\n"), question=question)).reply.tier == tier

    @pytest.mark.parametrize("begins", ["This page says whom to tell.", "How we handle illness."])
    async def test_is_what_else_such_a_page_says(self, ask: Ask, begins: str) -> None:
        found = [
            evidence(f"{begins}\n"),
            evidence("Bring a note.\n", document="else.md", answers=0.2),
            evidence("Phone your lead.\n", answers=0.1),
        ]
        reply = (await ask(*found)).reply
        assert reply.tier == "unsure"
        assert [each.quote for each in reply.citations] == ["Phone your lead."]

    async def test_that_a_person_wrote_is_sure_whatever_it_begins_with(self, ask: Ask) -> None:
        written = evidence("This page says when payday is.\n", source=CURATED, answers=CERTAIN)
        assert (await ask(written)).reply.tier == "sure"

    async def test_says_what_was_checked(self, ask: Ask) -> None:
        reply = (await ask(evidence(PAYDAY))).reply
        checks = reply.checks
        assert reply.confidence == NEAR
        assert checks.quote_verbatim is True
        assert set(checks.facts.values()) == {True}
        assert checks.marks is True
        assert checks.lead_in == "chosen"
        assert checks.restatement == "none"
        assert set(checks.markers.values()) == {True}

    async def test_says_how_long_each_stage_took(self, ask: Ask) -> None:
        for found in ((evidence(PAYDAY),), ()):
            timings = (await ask(*found)).reply.timings_ms
            stages = {"retrieve", "judge", "write"}
            assert set(timings) == stages | {"first_word", "total"}
            assert all(ms >= 0 for ms in timings.values())
            assert timings["first_word"] <= timings["total"]
            assert sum(timings[stage] for stage in stages) <= timings["total"] + 1

    async def test_carries_the_question_the_voice_and_the_trace(self, ask: Ask) -> None:
        reply = (await ask(evidence(PAYDAY))).reply
        assert (reply.question, reply.voice, reply.trace_id) == (QUESTION, "fernhill", "trace-1")
        assert reply.error_id is None

    async def test_is_asked_for_with_the_question_and_the_quote(
        self, ask: Ask, fernhill: Voice
    ) -> None:
        told = await ask(evidence(PAYDAY))
        [prompt] = told.writer.prompts
        assert prompt.messages == [
            {"role": "system", "content": fernhill.guide.system},
            {"role": "user", "content": f"Question: {QUESTION}\nNotes: {SENTENCE}"},
        ]

    async def test_of_an_untuned_writer_is_asked_for_with_examples(self, ask: Ask) -> None:
        told = await ask(evidence(PAYDAY), tuned=False)
        roles = [turn["role"] for turn in told.writer.prompts[0].messages]
        assert roles == ["system", *["user", "assistant"] * 3, "user"]

    async def test_of_one_question_never_holds_a_piece_of_another(self, fernhill: Voice) -> None:
        answers = {f"When is day {n}?": f"Day {n} is a Monday." for n in range(8)}

        class ByQuestion(FakeRetriever):
            async def search(self, question: str, *_: object, **__: object) -> list[Evidence]:
                await asyncio.sleep(0)
                return [evidence(answers[question])]

        chain = build_chain(ByQuestion(), FakeWriter().for_voice, THRESHOLDS, freedom="quote")

        async def answer(question: str) -> str:
            asked = Question(question, frozenset({PUBLIC}), fernhill, question)
            pieces = [piece async for piece in chain.astream(asked)]
            return "".join(piece.text for piece in pieces if isinstance(piece, Delta))

        for question, text in zip(
            answers, await asyncio.gather(*map(answer, answers)), strict=True
        ):
            assert answers[question] in text
            assert text.count("Monday") == 1


class TestTheFrame:
    async def test_greets_as_is_asked_and_closes_only_as_the_quote_bears_out(
        self, ask: Ask, fernhill: Voice
    ) -> None:
        question = "How do I reset my password?"
        told = await ask(evidence("Ask the help desk about passwords.\n"), question=question)
        assert told.writer.scripts[0][:2] == (
            Choose(("Right you are!",)),
            Choose(fernhill.guide.leads),
        )
        assert told.reply.answer.endswith("[1]")

    async def test_where_no_occasion_is_known_has_lines_that_fit_any(
        self, ask: Ask, fernhill: Voice
    ) -> None:
        told = await ask(evidence("Fridge is a server.\n"), question="What is Fridge?")
        guide = fernhill.guide
        bound = guide.when.keys() | guide.mood.keys()
        neutral = tuple(each for each in guide.greetings if each not in bound)
        assert told.writer.scripts[0][0] == Choose(neutral)
        assert told.reply.answer.endswith("[1]")

    async def test_greets_once_in_a_conversation(self, ask: Ask) -> None:
        told = await ask(evidence(PAYDAY), first=False)
        assert told.reply.answer == f"{LEAD} {SENTENCE} [1] {CLOSING}"
        assert "".join(told.deltas) == told.reply.answer
        assert set(told.reply.checks.markers.values()) == {True}

    async def test_that_is_full_greets_and_closes_every_time(
        self, ask: Ask, fernhill: Voice
    ) -> None:
        plain = "Fridge is the name of the server.\n"
        told = await ask(evidence(plain), question="What is Fridge?", frame="full", first=False)
        closing = "Just ask if you want more."
        assert told.reply.answer == f"{GREETING} {LEAD} {plain.strip()} [1] {closing}"

    @pytest.mark.parametrize("freedom", ["quote", "restate"])
    async def test_that_is_none_leaves_the_quote_alone(self, ask: Ask, freedom: Freedom) -> None:
        told = await ask(evidence(PAYDAY), frame="none", freedom=freedom)
        assert told.reply.answer == "".join(told.deltas) == f"{SENTENCE} [1]"
        assert told.reply.checks.lead_in == "none"

    async def test_names_the_section_where_it_is_very_sure(self, ask: Ask) -> None:
        found = evidence(PAYDAY, title="Pay", headings=("Pay dates",), answers=0.9)
        told = await ask(found)
        assert f"{GREETING} This is what “Pay dates” says: {SENTENCE} [1]" in told.reply.answer
        assert told.reply.checks.lead_in == "heading"

    async def test_names_none_where_it_is_less_sure(self, ask: Ask) -> None:
        found = evidence(PAYDAY, headings=("Pay dates",), answers=0.7)
        assert "Pay dates" not in (await ask(found)).reply.answer

    async def test_closes_under_a_quote_only_where_it_is_very_sure(self, ask: Ask) -> None:
        told = await ask(evidence(PAYDAY, answers=0.7))
        assert told.reply.answer == f"{GREETING} {LEAD} {SENTENCE} [1]"
        full = await ask(evidence(PAYDAY, answers=0.7), frame="full")
        assert full.reply.answer.endswith("[1] Just ask if you want more.")

    async def test_of_a_follow_up_goes_with_what_was_asked_before_too(self, ask: Ask) -> None:
        told = await ask(
            evidence("Temps are paid on Friday, 12:00.\n"),
            question="And for temps?",
            earlier=(QUESTION,),
            first=False,
        )
        assert told.reply.answer.endswith(CLOSING)
