"""Which language a text of some length is in."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

LEAST = 500
MOST = 4_000
"""Characters: fewer may be names and numbers alone, more say nothing new."""
_CERTAIN = 0.99
"""The project's own English pages all reach it with their first 1,000 characters."""


def language_of_text(text: str) -> str | None:
    """Its ISO 639-1 code; None for a short text, and where it is not certain.

    The first call loads the model: some 80 MB and half a second. Call it in a thread.
    """
    if len(text) < LEAST:
        return None
    language, likely = _identifier().classify(text[:MOST])
    return str(language) if likely >= _CERTAIN else None


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    """py3langid: a naive Bayes over byte sequences, of 97 languages."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
