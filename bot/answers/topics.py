"""What a passage is about, in its own words: the heading that it stands under, cleaned."""

from __future__ import annotations

import re

from knowledge.parsing.inline import without_links
from knowledge.text.words import surface_words, telling
from knowledge.types import Passage, is_recognised_heading

_LONGEST = 60  # characters; a longer heading is a sentence
_MARKUP = re.compile(r"[*_`~#\\]+|^\W+|[^\w)\]!?%+]+$")
_NUMBER = re.compile(
    r"^(?:(?:step|part|section|chapter)\s+)?(?:\d+(?:\.\d+)*|[ivx]+)[.):]\s+", re.I
)
_SIGNS = re.compile(r"[^\w\s.,;:&/()'’+%–—!?-]+")  # emoji, quotation marks, what mentions people
_ADDRESS = re.compile(r"://|www\.|\.\w{2,4}$|\w/\w+/\w|\{|\w_\w")
_QUESTION = re.compile(
    r"(?:(?:what|who|when|where|why|how|which)(?:['’]s)? (?:is|are|was|do|does|did|can|could|should"
    r"|will|would|if|happens|about|much|many|long|often)|(?:what|who|where|when|how)['’]s"
    r"|is|are|do|does|can|could|may|should|will|would|have|has|am)\b",
    re.I,
)
_SAYS_NOTHING = frozenset(
    """
    a about additional an and appendix at background contents details document documentation
    example examples faq faqs for further general glossary goal goals guide guideline guidelines
    handbook help home in index info information intro introduction key learn links list
    main manual misc miscellaneous more notes note of on other others our outline overview page
    part policy principles process procedure purpose questions readme references related resources
    scope section see sheet some steps step summary table task tasks template the things tips to
    untitled us use welcome with your you also keep mind what how
    """.split()
)


def topic(passage: Passage) -> str:
    """The nearest heading that names a topic; with the one above it if it is a single word.

    The title is the topmost heading. Empty if none names a topic.
    """
    told = (each for each in passage.headings if not is_recognised_heading(each))
    cleaned = map(_cleaned, (passage.title, *told))
    *above, nearest = ("", *(each for each in cleaned if _names_a_topic(each)))
    if len(telling(nearest)) > 1 or not any(above):
        return nearest
    both = f"{above[-1]} › {nearest}"
    return both if len(both) <= _LONGEST else above[-1]


def _cleaned(heading: str) -> str:
    plain = without_links(heading)
    if _ADDRESS.search(plain.strip()):
        return ""
    text = _SIGNS.sub(" ", _MARKUP.sub("", plain))
    return " ".join(_NUMBER.sub("", " ".join(text.split())).split()).rstrip(" :,;-–—")


def _names_a_topic(heading: str) -> bool:
    if len(heading) > _LONGEST or heading.endswith("?") or _QUESTION.match(heading):
        return False
    words = [word for word in surface_words(heading) if not word.isdigit()]
    return bool(set(words) - _SAYS_NOTHING)
