"""Whether the reader tells a wording that says the same from one that says more or less.

    python -m benchmarks.rewording [--voice fernhill] [--pairs FILE] [--most N]

The pairs are a voice's own rewrites, or those of a JSON-lines file with "before" and "after". Each
is asked in both directions, as :mod:`bot.voice.rewording` does, as it is and with two faults: one
sentence of the new text left out, and one replaced by a sentence of another pair.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from bot.shell.settings import Settings
from bot.voice.rewording import SAYS
from bot.voice.voice import Guide, Voice
from knowledge.retrieval.cross_encoder import open_reader
from knowledge.retrieval.support import ReaderSupport
from knowledge.text.sentences import split_units

Pair = tuple[str, str]
"""A text, and what it became."""
_LONGEST = 700  # characters


def of_voice(voice: Voice) -> list[Pair]:
    """A voice's rewrites without greeting and closing."""
    rewrites = [each for each in voice.examples if each.kind == "rewrite"]
    return [(each.plain, _bare(each.voiced, voice.guide)) for each in rewrites]


def with_faults(pairs: Sequence[Pair], choose: random.Random) -> dict[str, list[Pair]]:
    """The pairs by what was done to them."""
    left_out, replaced = [], []
    for n, (before, after) in enumerate(pairs):
        said = _sentences(after)
        at = choose.randrange(len(said))
        if len(said) > 1:
            left_out.append((before, " ".join([*said[:at], *said[at + 1 :]])))
        other = _sentences(pairs[(n + 1) % len(pairs)][1])[0]
        replaced.append((before, " ".join([*said[:at], other, *said[at + 1 :]])))
    return {"as they are": [*pairs], "one left out": left_out, "one replaced": replaced}


async def taken(support: ReaderSupport, pairs: Sequence[Pair]) -> float:
    """The share of the pairs whose every sentence is found in the other text."""
    kept = 0
    for before, after in pairs:
        asked = [(each, before) for each in _sentences(after)]
        asked += [(each, after) for each in _sentences(before)]
        kept += min([await support.says(each, text) for each, text in asked]) >= SAYS
    return kept / max(1, len(pairs))


def _sentences(text: str) -> list[str]:
    return [unit.text for unit in split_units(text)]


def _bare(text: str, guide: Guide) -> str:
    for greeting in guide.greetings:
        text = text.removeprefix(greeting).strip()
    for end in guide.closings:
        text = text.removesuffix(end).strip()
    return text


async def _run(given: argparse.Namespace) -> None:
    settings = Settings()
    if given.pairs is None:
        pairs = of_voice(Voice.load(settings.voices, given.voice))
    else:
        lines = map(json.loads, given.pairs.read_text("utf-8").splitlines())
        pairs = [(line["before"], line["after"]) for line in lines]
    choose = random.Random(3)  # the same pairs every time
    pairs = [
        pair for pair in pairs if all(_sentences(text) and len(text) < _LONGEST for text in pair)
    ]
    pairs = choose.sample(pairs, min(given.most, len(pairs)))
    with closing(open_reader(settings.reader, settings.data / "weights")) as reader:
        for fault, some in with_faults(pairs, choose).items():
            share = await taken(ReaderSupport(reader), some)
            print(f"{fault}: {share:.0%} of {len(some)} taken", flush=True)


def main() -> None:
    """Read the arguments and print one line for each fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", default="fernhill")
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--most", type=int, default=25)
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
