"""What became of every row that was brought in, as data and as a page to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from jobs.training.voice.data import Split
from jobs.training.voice.preparing.rows import Note, Sorted


@dataclass(frozen=True, slots=True)
class Input:
    """One file of examples."""

    name: str
    sha256: str
    """Of its bytes, 64 hex digits."""
    rows: int
    """As many as could be read as rows, the unusable ones among them."""


def report(
    voice: str,
    inputs: Sequence[Input],
    held: Sorted,
    parts: Split,
    *,
    data_sha256: str,
    region: str,
    tone: dict[str, Any],
    missing: Sequence[str],
) -> dict[str, Any]:
    """The report; the same input gives the same one, so it bears no date.

    ``tone``: whether pairs were judged by their tone, and how well that works. ``missing``: what is
    wanting before the voice can be trained; none: it can.
    """
    return {
        "voice": voice,
        "usable": not missing,
        "missing": list(missing),
        "inputs": [asdict(each) for each in inputs],
        "region": region,
        "tone": tone,
        "rows": sum(each.rows for each in inputs),
        "pairs": len(held.rows),
        "topics": len({row.topic for row in held.rows}),
        "data_sha256": data_sha256,
        "dropped_by_step": dict(Counter(note.step for note in held.dropped)),
        "changed_by_step": dict(Counter(note.step for note in held.changed)),
        "split": {
            name: {"pairs": len(part), "topics": sorted({pair.topic for pair in part})}
            for name, part in (
                ("train", parts.train),
                ("validation", parts.validation),
                ("test", parts.test),
            )
        },
        "dropped": [_note(note) for note in held.dropped],
        "changed": [_note(note) for note in held.changed],
    }


def as_markdown(told: dict[str, Any]) -> str:
    """The report as a page."""
    verdict = (
        "These pairs can be trained on."
        if told["usable"]
        else "Not enough to train on:\n\n" + "\n".join(f"- {each}" for each in told["missing"])
    )
    files = "\n".join(
        f"| {each['name']} | {each['rows']} | `{each['sha256'][:12]}` |" for each in told["inputs"]
    )
    split = "\n".join(
        f"| {name} | {part['pairs']} | {len(part['topics'])} |"
        for name, part in told["split"].items()
    )
    return f"""# Preparation of the voice "{told["voice"]}"

{told["rows"]} rows were read; {told["pairs"]} pairs on {told["topics"]} topics are left.
{verdict}

| file | rows | SHA-256 |
|---|---|---|
{files}

| used for | pairs | topics |
|---|---|---|
{split}

No topic is in two of these, and no text nearly stands in two of them. Names in running text are not
looked for, only those that a letter begins or ends with: read the pairs once before you train.
{_tone(told["tone"])}

## Dropped

{_lines(told["dropped"])}

## Changed

{_lines(told["changed"])}
"""


def _tone(tone: dict[str, Any]) -> str:
    measured = f" (AUROC {tone['auroc']:.2f})" if "auroc" in tone else ""
    if tone["judged"]:
        return f"A classifier that learnt from the other pairs listened to each{measured}."
    return f"No classifier listened to them: {tone['why']}{measured}."


def _note(note: Note) -> dict[str, Any]:
    return {
        "file": note.origin.file,
        "line": note.origin.line,
        "step": note.step,
        "reason": note.reason,
    }


def _lines(notes: Sequence[dict[str, Any]]) -> str:
    if not notes:
        return "Nothing."
    rows = "\n".join(
        f"| {note['file']} | {note['line']} | {note['step']} | {note['reason'].replace('|', '/')} |"
        for note in notes
    )
    return f"| file | line | step | why |\n|---|---|---|---|\n{rows}"
