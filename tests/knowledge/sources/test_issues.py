"""Issues of GitHub and GitLab as a source, against a stand-in of their documented APIs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from knowledge.errors import SourceError
from tests.kit.services import Issues
from tests.kit.sources import Given, read
from tests.kit.web_site import Site, running_site

# As docs/sources.md says.
GITHUB = {
    "id_field": "number",
    "text_field": ["body"],
    "url_field": "html_url",
    "updated_field": "updated_at",
    "without": "pull_request",
    "comments": "comments_url",
}
GITLAB = {
    "id_field": "iid",
    "text_field": ["description"],
    "url_field": "web_url",
    "updated_field": "updated_at",
    "comments": "_links.notes",
}
each_host = pytest.mark.parametrize("github", [True, False], ids=["github", "gitlab"])


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISSUES_TOKEN", "open-sesame")


async def listed(issues: Issues, site: Site, known: Given | None = None) -> Given:
    options: dict[str, Any] = GITHUB if issues.place.startswith("/repos") else GITLAB
    place = site.url(f"{issues.place}?state=all")
    before = known.known if known else None
    return await read(place, "rest", before, token="env:ISSUES_TOKEN", **options)


@each_host
async def test_an_issue_is_read_with_what_people_answered(site: Site, github: bool) -> None:
    issues = Issues(site, "open-sesame", github=github)
    issues.write(1, "Where is the key?", "I cannot find it.", "Look below.", "Found?", "Yes.")
    issues.write(2, "Slow", "It is slow.")
    issues.write(3, "Dark mode", "Please.", "In May.")
    given = await listed(issues, site)
    assert list(given.documents) == ["1", "2", "3"]
    first = given.documents["1"]
    assert (first.content or b"").decode().split("\n\n") == [
        "# Where is the key?",
        "I cannot find it.",
        "Look below.",
        "Found?",
        "Yes.",
    ]
    assert first.url.endswith("/issues/1")
    assert given.documents["2"].content == b"# Slow\n\nIt is slow."
    assert not any("/2/" in each.target for each in site.requests), "it has no comments"


@each_host
async def test_what_has_not_changed_is_not_asked_for_again(site: Site, github: bool) -> None:
    issues = Issues(site, "open-sesame", github=github)
    issues.write(1, "Key", "Where?", "Below.")
    issues.write(2, "Door", "Which?", "Blue.")
    first = await listed(issues, site)
    site.requests.clear()
    assert (await listed(issues, site, first)).read == []
    assert len(site.requests) == 1
    issues.write(2, "Door", "Which?", "Blue.", "No, red.")
    again = await listed(issues, site, first)
    assert again.read == ["2"]
    assert (again.documents["2"].content or b"").endswith(b"Blue.\n\nNo, red.")


async def test_pull_requests_are_left_out(site: Site) -> None:
    issues = Issues(site, "open-sesame", github=True)
    for number in (1, 2):
        issues.write(number, "Fix", "Fixes it.", pull_request={"url": "https://x.example"})
    issues.write(3, "Key", "Where?")
    given = await listed(issues, site)
    assert list(given.documents) == ["3"]
    assert given.counted() == {"other items": 2}


async def test_an_issue_whose_comments_cannot_be_read_stays_as_it_was(site: Site) -> None:
    issues = Issues(site, "open-sesame", github=True)
    issues.write(1, "Key", "Where?", "Below.")
    site.serve(f"{issues.place}/1/comments", "away", status=500)
    given = await listed(issues, site)
    assert given.documents == {} and given.skipped["1"].is_kept


async def test_comments_elsewhere_are_not_asked_for(site: Site) -> None:
    issues = Issues(site, "open-sesame", github=True)
    issues.write(1, "Key", "Where?", "Below.")
    issues._issues[1]["comments_url"] = "https://elsewhere.example/comments"
    given = await listed(issues, site)
    assert "which is not asked" in given.skipped["1"].reason


async def test_what_changes_with_the_comments_has_to_be_named(site: Site) -> None:
    with pytest.raises(SourceError, match="--updated-field"):
        await read(site.url("/x"), "rest", comments="comments_url")
