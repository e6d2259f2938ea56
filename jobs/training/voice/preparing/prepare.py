"""``voice prepare``: all that was brought in for a voice becomes checked pairs, and a report."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from bot.answers.voices.wordings import Wording
from bot.errors import ConfigurationError
from bot.voice.versions.withdrawn import line_digest, write_from_use
from bot.voice.voice import Voice
from jobs.training.voice.data import FEWEST_PAIRS, FEWEST_TOPICS, TrainingSettings, split
from jobs.training.voice.preparing import checks
from jobs.training.voice.preparing.reading import read_examples
from jobs.training.voice.preparing.report import Input, as_markdown, report
from jobs.training.voice.preparing.rows import Origin, Row, Sorted
from jobs.training.voice.preparing.tone import drop_other_tones

RAW = "raw"
"""Folder of a voice with what was brought in, as it came."""
FROM_USE = "from use"
"""Stands for a file's name in the report."""
EXAMPLES, REPORT, PAGE = "examples.jsonl", "preparation.json", "preparation.md"


def add_files(folder: Path, files: Sequence[Path]) -> None:
    """Keep files of examples with the voice; one of the same name is replaced.

    Pairs that the voice has already become the first of them, so that nothing of it is lost.
    Raises :class:`ConfigurationError` before anything is kept if one cannot be read.
    """
    contents = {}
    for file in files:
        read_examples(file, Sorted())
        contents[file.name] = file.read_bytes()
    raw, own = folder / RAW, folder / EXAMPLES
    raw.mkdir(exist_ok=True)
    if own.is_file() and not any(raw.iterdir()):
        _write(raw / EXAMPLES, own.read_bytes())
    for name, content in contents.items():
        _write(raw / name, content)


def prepare(
    voice: Voice,
    *,
    region: str = "GB",
    seed: int = 0,
    from_use: Sequence[Wording] = (),
) -> dict[str, Any]:
    """Make ``examples.jsonl`` of the voice's ``raw/`` and tell what became of each row.

    Without ``raw/`` the pairs that are there are brought in first. Returns the report, which is
    also written to ``preparation.json`` and ``preparation.md``. If too little is left the pairs
    stay as they were, and ``usable`` is false. ``region``: see :func:`.personal.masked`.
    ``from_use``: wordings that people gave and approved, which become rows beside the files'.
    """
    folder = voice.folder
    raw = folder / RAW
    if not raw.is_dir() or not any(raw.iterdir()):
        add_files(folder, ())
    files = sorted(each for each in raw.iterdir() if each.is_file())
    if not files and not from_use:
        raise ConfigurationError(
            f"The voice '{voice.name}' has no examples yet: 'voice add {voice.name} FILE' takes "
            "JSONL, CSV or Markdown."
        )
    held, inputs = Sorted(), []
    for file in files:
        before = len(held.rows) + len(held.dropped)
        read_examples(file, held)
        rows = len(held.rows) + len(held.dropped) - before
        inputs.append(Input(file.name, sha256(file.read_bytes()).hexdigest(), rows))
    if from_use:
        held.rows += [_row(n, each) for n, each in enumerate(from_use, start=1)]
        ids = "\n".join(each.id for each in from_use)
        inputs.append(Input(FROM_USE, sha256(ids.encode()).hexdigest(), len(from_use)))
    guide = voice.guide
    checks.take_sides(held, guide)
    checks.mask_people(held, guide, region)
    checks.drop_lengths(held, guide)
    checks.drop_languages(held)
    checks.drop_off_voice(held, guide)
    checks.drop_changed_facts(held, voice)
    checks.drop_duplicates(held, guide)
    tone = drop_other_tones(held)
    checks.find_topics(held)
    pairs = [row.example() for row in held.rows]
    parts = split(pairs, TrainingSettings(seed=seed))
    lines = [pair.model_dump_json() for pair in pairs]
    content = "".join(f"{line}\n" for line in lines).encode()
    told = report(
        voice.name,
        inputs,
        held,
        parts,
        data_sha256=sha256(content).hexdigest(),
        region=region,
        tone=tone,
        missing=_missing(len(pairs), len({pair.topic for pair in pairs})),
    )
    if told["usable"]:
        # The note first: who takes a wording back must find its line whenever this is killed.
        made = zip(held.rows, lines, strict=True)
        write_from_use(folder, {r.wording: line_digest(line) for r, line in made if r.wording})
        _write(folder / EXAMPLES, content)
    _write(folder / PAGE, as_markdown(told).encode())
    _write(folder / REPORT, _json(told))
    return told


def _row(number: int, wording: Wording) -> Row:
    is_answer = bool(wording.question) and wording.plain in wording.voiced
    kind = "answer" if is_answer else "rewrite"
    return Row(
        Origin(FROM_USE, number),
        wording.voiced,
        wording.plain,
        kind,
        question=wording.question,
        wording=wording.id,
    )


def _missing(pairs: int, topics: int) -> list[str]:
    missing = []
    if pairs < FEWEST_PAIRS:
        missing.append(
            f"{FEWEST_PAIRS - pairs} more usable pairs ({pairs} are usable, {FEWEST_PAIRS} the "
            "fewest, 200 better): mend dropped rows, or add examples"
        )
    if topics < FEWEST_TOPICS:
        missing.append(
            f"examples on {FEWEST_TOPICS - topics} more topics: training, validation and test each "
            "need their own"
        )
    return missing


def _json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def _write(path: Path, content: bytes) -> None:
    """The whole file, or the old one."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
