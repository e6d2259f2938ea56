"""The steps from rows to usable pairs. Each takes all rows and notes what it drops or changes."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

from bot.answers.question.languages import language_of
from bot.voice.grounding import same_facts
from bot.voice.lines.framing import without_frame
from bot.voice.lines.moods import mood_of
from bot.voice.metrics import markers
from bot.voice.rewriting import LETTER_WORDS, taken_apart
from bot.voice.voice import Guide, Voice
from bot.voice.wording import disliked, no_names
from jobs.training.voice.preparing.likeness import duplicates, grouped
from jobs.training.voice.preparing.neutral import plain_side
from jobs.training.voice.preparing.personal import masked
from jobs.training.voice.preparing.rows import Note, Sorted

FEWEST_WORDS, MOST_WORDS = 3, 220
"""Of a voiced text: less has no tone to learn, more is far beyond a reply of 160 tokens."""
_FAR = 4.0
"""How many times the median length of the voiced texts one of them may have."""
_SIDES = 3.0  # how many times as long one side of a pair may be as the other, frame aside
_SIDES_FROM = 12  # words: below it a short frame decides
_OWN = {
    "own_words": "uses a word that the guide swaps",
    "no_forbidden_words": "uses what the guide forbids",
    "emoji": "has emoji, which the guide does not want",
    "exclamations": "has more exclamation marks than the guide allows",
    "mood": "is more cheerful than the guide wants it in this mood",
}


def take_sides(held: Sorted, guide: Guide) -> None:
    """Make the plain sides that are missing; drop rows that have nothing of the voice in them."""
    kept = []
    for row in held.rows:
        if row.plain:
            if _same(row.plain, row.voiced):
                held.drop(row.origin, "plain side", "both sides are the same: nothing to learn")
                continue
        else:
            row = replace(row, plain=plain_side(row.voiced, guide))
            if not row.plain or _same(row.plain, row.voiced):
                held.drop(
                    row.origin,
                    "plain side",
                    "it has none of the guide's greetings, closings or words, so no plain side "
                    "can be made: add the plain text, or the habit to the guide",
                )
                continue
            held.changed.append(Note(row.origin, "plain side", "its plain side was made by rules"))
        kept.append(row)
    held.rows = kept


def mask_people(held: Sorted, guide: Guide, region: str) -> None:
    """Replace personal data; the rows stay."""
    kept = []
    for row in held.rows:
        plain, voiced, kinds = masked(row.plain, row.voiced, guide, region)
        _, question, asked = masked("", row.question, guide, region)
        if found := list(dict.fromkeys((*kinds, *asked))):
            held.changed.append(Note(row.origin, "personal data", f"replaced: {', '.join(found)}"))
        kept.append(replace(row, plain=plain, voiced=voiced, question=question))
    held.rows = kept


def drop_lengths(held: Sorted, guide: Guide) -> None:
    """Drop texts that are far too short or long, by themselves, among the rest or beside theirs."""
    usual = median(len(row.voiced.split()) for row in held.rows) if held.rows else 0.0
    kept = []
    for row in held.rows:
        words = len(row.voiced.split())
        plain = len(row.plain.split())
        bare = len(without_frame(taken_apart(row.voiced, guide).body, guide).split())
        if not FEWEST_WORDS <= words <= MOST_WORDS:
            reason = f"it has {words} words; {FEWEST_WORDS} to {MOST_WORDS} can be learnt from"
        elif words > usual * _FAR + FEWEST_WORDS:
            reason = f"it has {words} words, far from the usual {usual:g}"
        elif max(plain, bare) > _SIDES_FROM and not plain / _SIDES <= bare <= plain * _SIDES:
            reason = f"its sides have {plain} and {bare} words: one says more than the other"
        else:
            kept.append(row)
            continue
        held.drop(row.origin, "length", reason)
    held.rows = kept


def drop_languages(held: Sorted) -> None:
    """Drop texts that are not English, which is what the packaged model and the checks know."""
    kept = []
    for row in held.rows:
        language = language_of(row.voiced)
        if language == "en":
            kept.append(row)
        else:
            held.drop(row.origin, "language", f"it looks like '{language}', not English")
    held.rows = kept


def drop_off_voice(held: Sorted, guide: Guide) -> None:
    """Drop texts that do what the guide forbids: they would teach it."""
    kept = []
    for row in held.rows:
        quoted = [row.plain] if row.kind == "answer" else []
        if row.kind == "answer" and row.plain not in row.voiced:
            held.drop(
                row.origin,
                "voice",
                "an answer's voiced side must hold its plain side word for word; make it a rewrite",
            )
            continue
        mood = mood_of(row.question if row.kind == "answer" else row.plain)
        habits = markers(row.voiced, guide, quoted, mood)
        broken = [name for name, ok in habits.items() if not ok]
        if faults := [told for name, told in _OWN.items() if name in broken]:
            own = row.voiced.replace(row.plain, " ") if quoted else row.voiced
            words = ", ".join(disliked(own, guide))
            held.drop(row.origin, "voice", "; ".join(faults) + (f" ({words})" if words else ""))
        else:
            kept.append(row)
    held.rows = kept


def drop_changed_facts(held: Sorted, voice: Voice) -> None:
    """Drop pairs whose two sides do not say the same: they would teach the model to invent."""
    known = no_names(voice) | LETTER_WORDS
    kept = []
    for row in held.rows:
        letter = taken_apart(row.voiced, voice.guide)
        plain = taken_apart(row.plain, voice.guide)
        voiced = without_frame(letter.body, voice.guide)
        verdict = same_facts(plain.body, voiced, known)
        if changed := [kind for kind, same in verdict.items() if not same]:
            held.drop(row.origin, "facts", f"the two sides differ in {', '.join(changed)}")
        else:
            kept.append(row)
    held.rows = kept


def drop_duplicates(held: Sorted, guide: Guide) -> None:
    """Drop what is nearly said before, also of another topic: else it leaks into the test."""
    texts = [without_frame(row.voiced, guide) for row in held.rows]
    found = duplicates([f"{r.question} {t}" for r, t in zip(held.rows, texts, strict=True)])
    for position, other in found.items():
        first = held.rows[other].origin
        where = f"nearly the same as {first.file}, line {first.line}"
        held.drop(held.rows[position].origin, "duplicate", where)
    held.rows = [row for n, row in enumerate(held.rows) if n not in found]


def find_topics(held: Sorted) -> None:
    """Give a topic to rows without one: texts about the same thing get the same."""
    without = [n for n, row in enumerate(held.rows) if not row.topic]
    groups = grouped([f"{held.rows[n].question} {held.rows[n].plain}" for n in without])
    for n, group in zip(without, groups, strict=True):
        held.rows[n] = replace(held.rows[n], topic=f"group {group + 1}")


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()) == " ".join(other.split())
