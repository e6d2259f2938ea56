"""Which language a question is in; English by default and when unsure."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, get_args

from knowledge.text.words import surface_words

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

Language = Literal["en", "de", "fr", "es", "nl", "pt", "it"]
"""ISO 639-1 codes."""

NEAREST_IN_ENGLISH: dict[Language, str] = {
    "en": "The pages that I have are read in English; here is what comes nearest.",
    "de": "Die Seiten, die ich kenne, sind auf Englisch. Das hier kommt Ihrer Frage am nächsten.",
    "fr": "Les pages dont je dispose sont en anglais. Voici ce qui s'en rapproche le plus.",
    "es": "Las páginas que tengo están en inglés. Esto es lo que más se acerca a su pregunta.",
    "nl": "De pagina's die ik heb zijn in het Engels. Dit komt het dichtst bij uw vraag.",
    "pt": "As páginas de que disponho estão em inglês. Isto é o que mais se aproxima da pergunta.",
    "it": "Le pagine che ho sono in inglese. Ecco ciò che si avvicina di più alla domanda.",
}
"""What is said in place of an answer to a question in that language."""

_UNLIKELY = 0.03
"""The probability of English below which a question is not English; a question without any of the
words below, that is. Set on tests/data/languages.tsv and 7,900 other questions in English."""

_FEWEST_WORDS = 2  # one alone may be a name
# In none of the other languages: with one of them the model need not be asked, or loaded.
_ONLY_ENGLISH = frozenset(
    """
    the how what when where which who whose whom why my you your our their there here this that does
    many much with from for get after before should would could can any it
    """.split()
)


def language_of(question: str) -> Language:
    """The language of a question; English unless that is as good as out of the question.

    The first question that is not plainly English loads the model, once: some 80 MB and a second or
    more. Call it in a thread.
    """
    words = surface_words(question)
    if len(words) < _FEWEST_WORDS or not _ONLY_ENGLISH.isdisjoint(words):
        return "en"
    ranked: list[tuple[Language, float]] = _identifier().rank(question)
    return ranked[0][0] if dict(ranked)["en"] < _UNLIKELY else "en"


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    """py3langid (a naive Bayes over byte sequences), asked for these languages alone."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(get_args(Language))
    return identifier
