"""What the tests of the training share: a two-layer model and short replies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from bot.voice.model_weights import PACKAGED, base_weights


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> str:
    """A two-layer model that knows nothing, with the packaged model's tokenizer."""
    folder = tmp_path_factory.mktemp("base") / "tiny-llama"
    tokenizer = AutoTokenizer.from_pretrained(base_weights(PACKAGED, weights))
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module", autouse=True)
def _short_replies() -> Any:
    """A model that knows nothing never ends a reply by itself; measuring would take a minute."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("jobs.training.voice.loop._LONGEST_REPLY", 4)
        yield
