"""Which pages of a site are meant."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from knowledge.sources.globs import matches


class Scope:
    """One site, by scheme, host and port, and the part of it that an admin wants."""

    def __init__(self, start: str, include: tuple[str, ...], exclude: tuple[str, ...]) -> None:
        """Without ``include`` all that lies in the folder of ``start``."""
        self._origin = urlsplit(start)[:2]
        self._include = include
        self._exclude = exclude
        path = urlsplit(start).path
        is_folder = path.endswith("/") or "." not in path.rpartition("/")[2]
        self._folder = path.rstrip("/") if is_folder else path.rpartition("/")[0]
        self._start = path

    def is_same_site(self, url: str) -> bool:
        """Whether it is of the same scheme, host and port."""
        return urlsplit(url)[:2] == self._origin

    def has(self, url: str) -> bool:
        """Whether the page is meant. Globs see the path without its first slash, with its query."""
        if not self.is_same_site(url):
            return False
        parts = urlsplit(url)
        path = unquote(parts.path).lstrip("/")
        shown = (path, f"{path}?{parts.query}") if parts.query else (path,)
        if any(matches(each, self._exclude) for each in shown):
            return False
        if self._include:
            return parts.path == self._start or any(matches(each, self._include) for each in shown)
        return parts.path == self._folder or parts.path.startswith(f"{self._folder}/")
