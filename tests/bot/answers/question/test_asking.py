"""From a message as people write it to what is asked in it."""

from __future__ import annotations

import pytest

from bot.answers.question.asking import understand
from bot.answers.question.smalltalk import small_talk

CARRY = "how many days of annual leave may I carry over into next year?"
LETTER = f"""Dear colleagues of the People team,

I hope this message finds you well and that the move of the office went smoothly. First of all a
big thank you for the lovely evening at the canal last Thursday, my children still talk about the
cargo bike race and about the man with the trumpet. It was the first time that they saw where I
work, and they were impressed.

As some of you know I joined in March from another company in Antwerp, where all of this worked
quite differently. There we had a paper form with three copies, one of which went to a cupboard
that nobody ever opened again. I have to say that Perch is a big step forward, although I needed
some time to find my way around the menus, and my team lead had to help me twice. Once I even
booked a week in the wrong year, which gave us all something to laugh about.

This summer we could not travel as planned, because our car broke down on the second day and the
garage needed eleven days for a part that is the size of a coin. We spent the time in the garden
instead, which was nice, but it also means that I took fewer days than I wanted to. My wife's
sister gets married in Porto in February, and the children have a week off school around it, so we
would love to stay a little longer and show them the sea, the trams and the bridges there.

So my question is the following. {CARRY[0].upper()}{CARRY[1:]}

Kind regards,
Bea Jansen
Assembly, line 2
+32 9 555 01 23
"""


def questions(text: str) -> list[str]:
    return list(understand(text).questions)


class TestWhatIsSetAside:
    @pytest.mark.parametrize(
        "text",
        [
            "Hi team, hope you are well! Quick one: {} Thanks so much, Bea",
            "Hello everyone! {}",
            "hey {}",
            "Good morning, {} Cheers!",
            "Dear Bea, {}",
            "Quick question: {}",
            "Hi Bea, quick question - {}",
            "Stupid question but {}",
            "Sorry if this was asked before, {}",
            "Sorry if this was asked before! {}",
            "Not sure if this is the right channel, but {}",
            "Hope everyone had a great weekend! {}",
            "Can I ask something? {}",
            "{} Any help appreciated!",
            "{} Please advise.",
            "{} Does anyone know?",
            "{} Best, Bea",
            "{}\nThanks in advance!",
            "{}\n\nBest regards,\nBea Jansen\n+32 9 555 01 23",
            "{}\n\n-- \nBea Jansen | People team\nbea@fernhill.example",
            "{}\nBea",
            "{}\n\nSent from my iPhone",
            "> when is pay day?\n{}",
            "{}\n\nOn Tue, 3 Feb 2026 at 10:00, Ann <ann@x.example> wrote:\n> When is pay day?",
            "<@U024BE7LH> {}",
            "<@U024BE7LH|ann> <@!123> <@&123> {}",
            "@ann {}",
            "@channel {} @here",
            "<!here> {}",
            "<#C024|general> {}",
            "<#123> {}",
            "#general {}",
            "{} https://intranet.example.org/x?y=1",
            "{} (see <https://intranet.example.org/x>)",
            "{} see <https://intranet.example.org/x|this page>",
            ":wave: {} :pray:",
            "Hey all :wave: {}",
            "👋 {} 🙏🏽",
            "<a:party:123> {}",
        ],
    )
    def test_is_all_that_is_no_part_of_the_question(self, text: str) -> None:
        asked = "what is the emergency extension on site?"
        assert questions(text.format(asked)) == [asked]

    @pytest.mark.parametrize(
        ("text", "question"),
        [
            ("Does anybody know when payday is?", "when payday is?"),
            ("could you tell me how I reset my password", "how I reset my password"),
            ("I would like to know whether visitors may park", "visitors may park"),
            ("i need to know who to call when I'm ill", "who to call when I'm ill"),
            ("any idea where the showers are?", "where the showers are?"),
            ("I was wondering if we have a bike shed", "we have a bike shed"),
            ("wifi password at tannery yard pls", "wifi password at tannery yard"),
        ],
    )
    def test_is_the_frame_around_a_question(self, text: str, question: str) -> None:
        assert questions(text) == [question]

    def test_is_a_letter_around_the_question_at_its_end(self) -> None:
        assert len(LETTER) > 1400
        (found,) = questions(LETTER)
        assert found == f"{CARRY[0].upper()}{CARRY[1:]}"

    def test_is_a_letter_around_a_question_without_its_mark(self) -> None:
        letter = LETTER.replace("So my question is the following. H", "Could you tell me h")
        assert questions(letter.replace("next year?", "next year.")) == [CARRY.replace("?", ".")]


class TestWhatIsKept:
    @pytest.mark.parametrize(
        "text",
        [
            "How many days of annual leave do I get in Ghent?",
            "What special leave is there?",
            "Which kinds of leave do not come out of my allowance?",
            "how many anual leav days can i cary ovr to nxt yer",
            "what does the 'thanks' page say",
            "what do I write on a page that says thanks",
            "hello world is printed by which script?",
            "can you help me with my VPN?",
            "wifi password",
            "I need a new laptop",
            "what's next best",
            "who moderates #it-help and #general?",
            "is it ok to @channel everyone?",
            "does this apply to @ann?",
            "@here or @channel?",
            "#random and #general, who may write there?",
            "mail to people@fernhill.example or to payroll?",
            "is the meeting at 10:30:15 or 11:00?",
            "what do I put in the .editorconfig",
            "what happens between 9:00 a.m. and 5:00 p.m. at the desk?",
            "is C# or F# taught?",
        ],
    )
    def test_is_a_plain_question_as_it_is(self, text: str) -> None:
        assert questions(text) == [text]

    @pytest.mark.parametrize(
        ("text", "question"),
        [
            ("what does <https://x.example/y|this page> say", "what does this page say"),
            ("what does [this page](https://x.example/y) say", "what does this page say"),
            ("is <#C024|it-help> for VPN problems?", "is #it-help for VPN problems?"),
            ("who is <@U024BE7LH|ann> reporting to?", "who is @ann reporting to?"),
            ("what does the :red_circle: mean?", "what does the red circle mean?"),
        ],
    )
    def test_is_a_name_that_the_sentence_needs(self, text: str, question: str) -> None:
        assert questions(text) == [question]

    @pytest.mark.parametrize(
        "text",
        [
            "I'm on parental leave. Do I still get the bonus?",
            "I started in Lyon last week. When is pay day?",
            "When is pay day? I work in Lyon.",
            "The printer on floor 2 is jammed. Who fixes it?",
            "baby due in march!! how long can i stay home on full pay",
            "its unlimited right? so can i be away for two months",
            "Can I take my laptop abroad? To Spain?",
            "Is it 5 days? Or 10?",
        ],
    )
    def test_is_the_situation_that_a_question_needs(self, text: str) -> None:
        assert questions(text) == [text]

    def test_is_no_more_of_a_story_than_stands_right_before_the_question(self) -> None:
        story = "It was a long week and nothing worked as it should in the hall. " * 6
        assert questions(f"{story}I lost my badge there. Who do I tell?") == [
            "I lost my badge there. Who do I tell?"
        ]

    @pytest.mark.parametrize(
        "text", ["hi", "Thanks so much!", "please help", "> only\n> quoted", "<@U1>", "?", "🙏", ""]
    )
    def test_is_the_message_where_nothing_else_is_left(self, text: str) -> None:
        assert questions(text) == [" ".join(text.split())]

    def test_small_talk_is_told_without_the_ping_before_it(self) -> None:
        assert small_talk(understand("<@U024BE7LH> thanks! :tada:").said) == "thanks"


class TestTwoQuestionsInOneMessage:
    @pytest.mark.parametrize(
        ("text", "each"),
        [
            (
                "What is the training budget in Bristol and when is pay day in Lyon?",
                ["What is the training budget in Bristol?", "When is pay day in Lyon?"],
            ),
            (
                "How do I book leave? And who approves it?",
                ["How do I book leave?", "Who approves leave?"],
            ),
            (
                "How do I book leave, and who approves it?",
                ["How do I book leave?", "Who approves leave?"],
            ),
            (
                "When is pay day in Ghent? And in Lyon?",
                ["When is pay day in Ghent?", "When is pay day in Lyon?"],
            ),
            (
                "1. How do I book leave?\n2. Where do I park?",
                ["How do I book leave?", "Where do I park?"],
            ),
            (
                "Is there parking and how much does it cost?",
                ["Is there parking?", "Is there parking? How much does it cost?"],
            ),
        ],
    )
    def test_are_asked_one_after_the_other_each_by_itself(self, text: str, each: list[str]) -> None:
        assert questions(text) == each

    @pytest.mark.parametrize(
        "text",
        [
            "how and when do I apply?",
            "what is the deadline and the limit?",
            "who do I tell and how?",
            "what is takt and drop test",
            "what is the difference between sick leave and when I take unpaid leave?",
            "what do I do and who to call when the alarm rings?",
            "which bikes and what colours are there?",
            "how much is the allowance, and is it taxed?",
        ],
    )
    def test_are_one_where_they_cannot_be_told_apart_for_sure(self, text: str) -> None:
        assert questions(text) == [text]

    def test_are_three_at_most(self) -> None:
        asked = [f"What is bay {n}?" for n in range(1, 6)]
        assert questions(" ".join(asked)) == asked[:3]


class TestTheMessageAbove:
    @pytest.mark.parametrize(
        "text",
        [
            "Can you answer that?",
            "can you answer this please",
            "any idea @Housevoice?",
            "any ideas <@U024BE7LH>?",
            "^^ this",
            "^",
            "👆",
            "can someone help with the above?",
            "@Housevoice could you help with this one?",
            "can you answer Ann's question?",
            "Does anyone know?",
            "anyone?",
            "Thoughts?",
            "same question here",
            "what she said",
        ],
    )
    def test_is_what_is_meant(self, text: str) -> None:
        assert understand(text).refers_to_above

    @pytest.mark.parametrize(
        "text",
        [
            "Can you help me with my VPN?",
            "any idea when pay day is?",
            "can someone help with the printer?",
            "does anyone know the wifi password?",
            "what does that mean?",
            "thanks",
            "?",
            "",
            "this is broken",
        ],
    )
    def test_is_not_what_is_meant_by_a_question(self, text: str) -> None:
        assert not understand(text).refers_to_above
