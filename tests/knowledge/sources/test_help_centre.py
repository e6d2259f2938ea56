"""A help centre as a source, as docs/sources.md sets it up, against a stand-in of Zendesk's API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from knowledge.errors import SourceError
from tests.kit.services import HelpCentre
from tests.kit.sources import Given, read
from tests.kit.web_site import Site, running_site

# As docs/sources.md says.
ZENDESK = {
    "items": "articles",
    "text_field": ["body"],
    "url_field": "html_url",
    "updated_field": "updated_at",
    "format": "html",
    "without": "draft",
    "next": "links.next",
}


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


@pytest.fixture
def centre(site: Site) -> HelpCentre:
    centre = HelpCentre(site, "open-sesame")
    for id in range(1, 6):
        centre.write(id, f"Returns {id}", f"<p>Within {id} days.</p>", at="2026-01-01T00:00:00Z")
    centre.write(6, "Soon", "<p>Not yet.</p>", at="2026-01-01T00:00:00Z", draft=True)
    return centre


async def listed(site: Site, known: Given | None = None, **more: Any) -> Given:
    place = site.url(f"{HelpCentre.place}?page[size]=2")
    return await read(place, "rest", known.known if known else None, **ZENDESK, **more)


@pytest.mark.usefixtures("centre")
async def test_its_articles_are_read_page_by_page_by_whoever_does_not_sign_in(site: Site) -> None:
    given = await listed(site)
    assert list(given.documents) == ["1", "2", "3", "4", "5"] and not given.skipped
    last = given.documents["5"]
    assert b"<h1>Returns 5</h1>\n<p>Within 5 days.</p>" in (last.content or b"")
    assert last.url == "https://acme.zendesk.com/hc/en-us/articles/5"
    assert len(site.requests) == 3


@pytest.mark.usefixtures("centre")
async def test_drafts_are_left_out_for_whoever_signs_in(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The e-mail address, "/token:" and the token, in base64.
    monkeypatch.setenv("DESK_TOKEN", "Basic Ym90QGFjbWUuZXhhbXBsZS90b2tlbjpvcGVuLXNlc2FtZQ==")
    given = await listed(site, token="env:DESK_TOKEN")
    assert list(given.documents) == ["1", "2", "3", "4", "5"]
    assert given.counted() == {"other items": 1}
    monkeypatch.setenv("DESK_TOKEN", "Basic bm9ib2R5")
    with pytest.raises(SourceError, match="401"):
        await listed(site, token="env:DESK_TOKEN")


async def test_only_what_changed_is_read_again(site: Site, centre: HelpCentre) -> None:
    first = await listed(site)
    assert (await listed(site, first)).read == []
    centre.write(2, "Returns 2", "<p>Within a week.</p>", at="2026-01-02T00:00:00Z")
    assert (await listed(site, first)).read == ["2"]
