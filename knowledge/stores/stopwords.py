"""English words too common to tell passages apart, dropped from the keyword leg of a search."""

from __future__ import annotations

_WORDS = """
i me my myself we us our ours ourselves you your yours yourself yourselves
he him his himself she her hers herself it its itself they them their theirs themselves
what which who whom whose this that these those when where why how
am is are was were be been being have has had having do does did doing done
would should could ought can cannot will shall may might must
a an the and but if or because as until while than then so
of at by for with about against between into through during before after
above below to from up down in out on off over under again further once
here there all any both each few more most other some such no nor not only own same too very
"""

STOP_WORDS: frozenset[str] = frozenset(_WORDS.split())
"""The Snowball English stop list (snowballstem.org/algorithms/english/stop.txt) without its
contractions, with the modal verbs it leaves out. Lower case."""
