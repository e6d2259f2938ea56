"""The model card of a voice's LoRA."""

from __future__ import annotations

from typing import Any


def model_card(card: dict[str, Any]) -> str:
    """The card as Markdown, for those who decide whether to use the LoRA."""
    base, tuned = card["held_out"]["base"], card["held_out"]["tuned"]
    rows = [
        ("perplexity (lower is better)", base["perplexity"], tuned["perplexity"]),
        ("BLEU", base["bleu"], tuned["bleu"]),
        ("chrF", base["chrf"], tuned["chrf"]),
        ("ROUGE-L", base["rouge_l"], tuned["rouge_l"]),
        ("all markers kept", f"{base['all_markers']:.0%}", f"{tuned['all_markers']:.0%}"),
        *(
            (f"marker: {name.replace('_', ' ')}", f"{base['markers'][name]:.0%}", f"{share:.0%}")
            for name, share in tuned["markers"].items()
        ),
    ]
    table = "\n".join(f"| {name} | {before} | {after} |" for name, before, after in rows)
    settings = ", ".join(f"{name} {value}" for name, value in card["settings"].items())
    versions = ", ".join(f"{name} {value}" for name, value in card["versions"].items())
    pairs, frames = card["pairs"], card["frames"]
    chosen = "\n".join(
        f"| {who} | {' | '.join(f'{share:.0%}' for share in shares.values())} |"
        for who, shares in (
            ("base, among all", frames["base"]["every_line"]),
            ("tuned, among all", frames["tuned"]["every_line"]),
            ("nobody: the first of those that fit", frames["first_line"]),
            ("base, among those that fit", frames["base"]["fitting_lines"]),
            ("tuned, among those that fit", frames["tuned"]["fitting_lines"]),
        )
    )
    return f"""# LoRA of the voice "{card["voice"]}"

Changes how {card["base"]} speaks, not what it knows: facts come from quoted passages only.

- **Data**: `examples.jsonl` beside this folder, {pairs["train"]} pairs to train on,
  {pairs["validation"]} for validation, {pairs["test"]} held out; split by topic. Held-out topics:
  {", ".join(card["test_topics"])}.
- **Settings**: {settings}.
- **Training**: {card["steps"]} steps in {card["training_seconds"]} s on {card["threads"]} CPU
  threads ({versions}); saved as fp16.
- **Train it again**: `.venv/bin/housevoice voice train {card["voice"]}`

Held-out pairs, the model writing by itself (greedy, nothing forced):

| measure | base | tuned |
|---|---|---|
{table}

"Markers" are the habits in `guide.toml`; for answers the quoted sentences are left out of them.
The base model sees the same prompt as the tuned one, without examples.

In an answer the model only chooses among lines of the guide. Held-out answers with the pair's own:

| who chooses | greeting | lead-in | closing |
|---|---|---|---|
{chosen}

"Those that fit" are the lines that question and quote bear out (`when` in `guide.toml`), which is
what the bot lets the model choose among.
"""
