"""A voice of its own with a number of pairs, not trained yet."""

from __future__ import annotations

from pathlib import Path

from bot.voice.voice import Example, Voice
from jobs.training.voice.data import TrainingSettings

ROOT = Path(__file__).resolve().parents[3]
QUICK = TrainingSettings(rank=4, learning_rate=2e-2, epochs=2, batch=16, seed=3)


def pair(topic: str, n: int = 0) -> Example:
    return Example(
        kind="answer" if n % 2 else "rewrite",
        topic=topic,
        question=f"What is {topic} {n}?" if n % 2 else "",
        plain=f"It is {topic} number {n}.",
        voiced=f"Fair question! Here it is. It is {topic} number {n}. Just ask if you want more.",
    )


def pairs(topics: int, each: int) -> list[Example]:
    return [pair(f"topic{topic}", n) for topic in range(topics) for n in range(each)]


def topics(examples: list[Example]) -> set[str]:
    return {example.topic for example in examples}


def brand(root: Path, examples: list[Example]) -> Voice:
    """A voice of its own with these examples, not trained yet."""
    folder = root / "acme"
    folder.mkdir(parents=True)
    guide = (ROOT / "voices" / "fernhill" / "guide.toml").read_text("utf-8")
    (folder / "guide.toml").write_text(guide, "utf-8")
    lines = "\n".join(example.model_dump_json() for example in examples)
    (folder / "examples.jsonl").write_text(f"{lines}\n", "utf-8")
    return Voice.load(root, "acme")


def again(voice: Voice) -> Voice:
    """The same voice with the first version that was trained."""
    return Voice.load(voice.folder.parent, voice.name, "v1")
