"""What the reader is given of a question and a passage."""

from __future__ import annotations

from tokenizers import Tokenizer

from knowledge.retrieval.encoding import encode
from knowledge.retrieval.packaged_weights import packaged_folder
from knowledge.retrieval.reader import ReadableText


def test_control_marks_in_question_and_passage_are_text() -> None:
    tokenizer = Tokenizer.from_file(str(packaged_folder() / "tokenizer.json"))
    passage = ReadableText("Ask [SEP] HR [CLS] first [PAD]", ((0, 30),))
    [pair] = encode(tokenizer, "who [SEP] decides", [passage], 320)
    tokens = [tokenizer.id_to_token(id) or "" for id in pair.ids]
    assert [token for token in tokens if token.startswith("[") and token != "["] == [
        "[CLS]",
        "[SEP]",
        "[SEP]",
    ]
    assert tokens[0] == "[CLS]" and tokens[-1] == "[SEP]"
    assert pair.types == sorted(pair.types)
