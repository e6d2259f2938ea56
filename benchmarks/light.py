"""Models that know nothing and take no time: to load what is around the models by itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from knowledge.embedding.packaged import packaged_embedder

_SIZE: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "num_labels": 1,
}
_TOKENS = 256


def light_models(folder: Path, weights: Path) -> dict[str, str]:
    """Make them in ``folder``; the settings of a bot that takes every passage for an answer."""
    import torch
    from transformers import (
        BertConfig,
        BertForSequenceClassification,
        BertModel,
        PreTrainedTokenizerFast,
    )

    words = packaged_embedder(weights) / "tokenizer.json"
    torch.manual_seed(0)
    config = BertConfig(**_SIZE)
    for name, model in (
        ("embedder", BertModel(config)),
        ("reader", BertForSequenceClassification(config)),
    ):
        model.save_pretrained(folder / name)
        shutil.copy(words, folder / name)
        of_sentences = json.dumps({"max_seq_length": _TOKENS})
        (folder / name / "sentence_bert_config.json").write_text(of_sentences, "utf-8")
    fast: Any = PreTrainedTokenizerFast
    tokenizer = fast(
        tokenizer_file=str(words),
        pad_token="[PAD]",  # noqa: S106 - no password
        model_max_length=_TOKENS,
    )
    tokenizer.save_pretrained(folder / "reader")
    return {
        "HOUSEVOICE_EMBEDDER": str(folder / "embedder"),
        "HOUSEVOICE_READER": str(folder / "reader"),
        "HOUSEVOICE_SURE": "0",
        "HOUSEVOICE_UNSURE": "0",
        "HOUSEVOICE_NEAR": "0",
        "HOUSEVOICE_FRAME": "none",
    }
