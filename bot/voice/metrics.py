"""How much a text sounds like the voice, and how near two texts are. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.voice.lines.moods import fits_mood
from bot.voice.voice import Guide, Mood

_WORD = re.compile(r"[\w'’-]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
# Pictographs, dingbats, flags and variation selectors: the blocks that Unicode's emoji-data.txt
# (UTS #51) draws its emoji from, digits and # * aside.
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u20e3]")


def markers(
    text: str, guide: Guide, quoted: Sequence[str] = (), mood: Mood | None = None
) -> dict[str, bool]:
    """Which habits of the voice ``text`` keeps.

    ``quoted`` are stretches copied from a source: they are left out of all but the greeting and
    the closing, since a quotation keeps its author's words. ``mood``: that of what was asked, or of
    the draft; where it has no greeting or no closing, there is none to be kept. The verdict
    ``mood`` stands only where the guide has lines for moods and the text is in one.
    """
    own = text
    for stretch in filter(None, quoted):
        own = own.replace(stretch, " ")
    low = own.lower()
    rules = guide.markers
    return {
        "greeting": not guide.suited(guide.greetings, mood) or text.startswith(guide.greetings),
        "closing": not guide.suited(guide.closings, mood) or text.rstrip().endswith(guide.closings),
        "no_forbidden_words": not any(has_phrase(low, phrase) for phrase in rules.forbidden),
        "own_words": not any(has_phrase(low, phrase) for phrase in rules.swaps),
        "short_sentences": all(
            len(_WORD.findall(sentence)) <= rules.max_sentence_words
            for sentence in _SENTENCE_END.split(own)
        ),
        "emoji": rules.emoji == "any" or not _EMOJI.search(own),
        "exclamations": own.count("!") <= rules.exclamations,
        **({"mood": fits_mood(own, guide, mood)} if mood and guide.mood else {}),
    }


def has_phrase(low: str, phrase: str) -> bool:
    """Whether lower-cased ``low`` holds ``phrase`` as whole words."""
    return re.search(rf"(?<!\w){re.escape(phrase.lower())}(?!\w)", low) is not None


def rouge_l(reference: str, candidate: str) -> float:
    """ROUGE-L F1 in [0, 1] over lower-cased words (Lin 2004, longest common subsequence)."""
    left, right = _WORD.findall(reference.lower()), _WORD.findall(candidate.lower())
    if not left or not right:
        return 0.0
    row = [0] * (len(right) + 1)
    for word in left:
        diagonal = 0
        for column, other in enumerate(right, start=1):
            above = row[column]
            row[column] = diagonal + 1 if word == other else max(above, row[column - 1])
            diagonal = above
    common = row[-1]
    if not common:
        return 0.0
    precision, recall = common / len(right), common / len(left)
    return 2 * precision * recall / (precision + recall)
