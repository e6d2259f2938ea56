"""What a site lets robots read, by its robots.txt (RFC 9309)."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from protego import Protego

from knowledge.errors import SourceAway, SourceError
from knowledge.sources.site.pauses import LONGEST_PAUSE
from knowledge.web.client import GuardedClient
from knowledge.web.urls import safe_url

ROBOT = "Housevoice"
"""Our name in robots.txt."""


class Robots:
    """The rules of one site, for us."""

    def __init__(self, rules: str) -> None:
        self._rules = Protego.parse(rules)

    @classmethod
    async def ask(cls, client: GuardedClient, url: str) -> Robots:
        """Those of the site that has ``url``; raises :class:`SourceError` if they are not known."""
        parts = urlsplit(url)
        place = urlunsplit((parts.scheme, parts.netloc, "/robots.txt", "", ""))
        answer = await client.get(place)
        if answer.status == 200:
            return cls(answer.content.decode("utf-8-sig", errors="replace"))
        if 400 <= answer.status < 500:
            return cls("")  # no rules: RFC 9309 2.3.1.3
        raise SourceAway(  # unreachable means forbidden: RFC 9309 2.3.1.4
            f"{safe_url(place)} answers with an error ({answer.status}), so it is not "
            "known whether the site may be read. The next run tries again."
        )

    def may_read(self, url: str) -> bool:
        """Whether the rules let us read it."""
        return bool(self._rules.can_fetch(url, ROBOT))

    @property
    def delay(self) -> float:
        """Seconds that the site asks for between two requests; 0 where it does not say.

        Raises :class:`SourceError` for so many that a run would hardly end.
        """
        seconds = float(self._rules.crawl_delay(ROBOT) or 0)
        if seconds > LONGEST_PAUSE:
            raise SourceError(
                f"Its robots.txt asks for {seconds:g} seconds between two pages (Crawl-delay), "
                f"and no more than {LONGEST_PAUSE} are waited. Ask the site's owner, or add single "
                "pages."
            )
        return seconds
