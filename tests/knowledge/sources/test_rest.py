"""A JSON endpoint as a source: its items, its pages, and what it does not say."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from knowledge.errors import SourceError
from knowledge.sources.registry import Kinds
from tests.kit.sources import Given, opened, read
from tests.kit.web_site import Answer, Request, Site, running_site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


def answering(site: Site, make: Callable[[dict[str, str]], Any], **headers: str) -> None:
    """Answer with what ``make`` makes of the query's parameters."""

    def page(request: Request) -> Answer:
        asked = {name: each[0] for name, each in parse_qs(urlsplit(request.target).query).items()}
        made = make(asked)
        return made if isinstance(made, Answer) else Answer(json.dumps(made).encode())

    site.pages["/api"] = page


async def items(site: Site, known: Given | None = None, **options: object) -> Given:
    return await read(site.url("/api"), "rest", known.known if known else None, **options)


def texts(given: Given) -> dict[str, str]:
    return {name: (each.content or b"").decode() for name, each in given.documents.items()}


class TestItems:
    async def test_are_documents_by_their_fields(self, site: Site) -> None:
        answering(
            site,
            lambda _: {
                "data": {
                    "articles": [
                        {
                            "key": 7,
                            "fields": {
                                "summary": "Pay\nday",
                                "body": "On Friday.",
                                "more": "Or Monday.",
                            },
                            "links": [{"href": "https://desk.example/7"}],
                        }
                    ]
                }
            },
        )
        given = await items(
            site,
            items="data.articles",
            id_field="key",
            title_field="fields.summary",
            text_field=["fields.body", "fields.more", "fields.none"],
            url_field="links.0.href",
        )
        assert texts(given) == {"7": "# Pay day\n\nOn Friday.\n\nOr Monday."}
        assert given.documents["7"].url == "https://desk.example/7"
        assert given.documents["7"].name == "Pay day.md"

    async def test_may_be_html_or_text(self, site: Site) -> None:
        answering(site, lambda _: [{"id": "a", "title": "A & b", "text": "<p>Friday</p>"}])
        assert "<h1>A &amp; b</h1>\n<p>Friday</p>" in texts(await items(site, format="html"))["a"]
        assert texts(await items(site, format="text"))["a"] == "<p>Friday</p>"

    async def test_keep_their_own_front_matter(self, site: Site) -> None:
        own = "---\naccess: [role:board]\n---\nSecret."
        answering(site, lambda _: [{"id": "a", "title": "A", "text": own}])
        assert texts(await items(site))["a"] == own

    async def test_without_id_are_told_and_without_text_counted(self, site: Site) -> None:
        answering(
            site, lambda _: [{"text": "x"}, {"id": 2, "text": " "}, {"id": 3, "text": "y"}, 4]
        )
        given = await items(site)
        assert list(given.documents) == ["3"]
        assert given.counted() == {"records without text": 1}
        assert list(given.reasons()) == ["record 1", "record 4"]

    async def test_links_that_are_none_are_not_shown(self, site: Site) -> None:
        answering(site, lambda _: [{"id": 1, "text": "x", "url": "javascript:alert(1)"}])
        assert (await items(site)).documents["1"].url == ""


class TestPages:
    async def test_by_number_end_with_an_empty_one(self, site: Site) -> None:
        pages = {"0": [{"id": 1, "text": "a"}], "1": [{"id": 2, "text": "b"}]}
        answering(site, lambda asked: pages.get(asked["p"], []))
        assert list((await items(site, page_parameter="p", first_page=0)).documents) == ["1", "2"]

    async def test_by_number_end_where_the_last_comes_again(self, site: Site) -> None:
        answering(site, lambda asked: [{"id": min(int(asked["page"]), 3), "text": "a"}])
        given = await items(site, page_parameter="page")
        assert list(given.documents) == ["1", "2", "3"]
        assert len(site.requests) == 4

    async def test_by_cursor(self, site: Site) -> None:
        answering(
            site,
            lambda asked: {
                "rows": [{"id": asked.get("after", "first"), "text": "x"}],
                "meta": {"next": {"first": "b&1", "b&1": None}[asked.get("after", "first")]},
            },
        )
        given = await items(site, items="rows", cursor_parameter="after", next="meta.next")
        assert list(given.documents) == ["first", "b&1"]

    async def test_by_an_address_in_the_answer(self, site: Site) -> None:
        answering(
            site,
            lambda asked: {
                "items": [{"id": asked.get("n", "1"), "text": "x"}],
                "next_page": None if asked.get("n") else "/api?n=2",
            },
        )
        given = await items(site, items="items", next="next_page")
        assert list(given.documents) == ["1", "2"]

    async def test_by_a_link_header(self, site: Site) -> None:
        def page(request: Request) -> Answer:
            is_last = "n=2" in request.target
            link = '</api?n=0>; rel="first", </api?n=2>; rel="next"'
            body = json.dumps([{"id": "2" if is_last else "1", "text": "x"}]).encode()
            return Answer(body, headers={} if is_last else {"Link": link})

        site.pages["/api"] = page
        assert list((await items(site)).documents) == ["1", "2"]

    async def test_of_another_site_are_not_asked_for(self, site: Site) -> None:
        answering(
            site, lambda _: {"i": [{"id": 1, "text": "x"}], "next": "https://evil.example/api"}
        )
        with pytest.raises(SourceError, match="on another site"):
            await items(site, items="i", next="next")

    async def test_in_a_circle_are_told(self, site: Site) -> None:
        count = iter(range(100))
        answering(site, lambda _: {"i": [{"id": next(count), "text": "x"}], "next": "/api"})
        with pytest.raises(SourceError, match="without an end"):
            await items(site, items="i", next="next")

    async def test_that_fail_leave_all_as_it_was(self, site: Site) -> None:
        answering(
            site,
            lambda asked: (
                Answer(status=500) if asked["p"] == "2" else [{"id": asked["p"], "text": "x"}]
            ),
        )
        with pytest.raises(SourceError, match=r"error \(500\)"):
            await items(site, page_parameter="p")

    async def test_with_too_many_items_are_told(self, site: Site) -> None:
        answering(site, lambda _: [{"id": n, "text": "x"} for n in range(5)])
        with pytest.raises(SourceError, match="more than 4 items"):
            await items(site, max_records=4)


class TestSigningIn:
    @pytest.mark.parametrize(
        ("header", "secret", "sent"),
        [
            ("Authorization", "abc", "Bearer abc"),
            ("Authorization", "Basic abc", "Basic abc"),
            ("X-Api-Key", "abc", "abc"),
        ],
    )
    async def test_goes_into_the_header_that_is_named(
        self, site: Site, monkeypatch: pytest.MonkeyPatch, header: str, secret: str, sent: str
    ) -> None:
        monkeypatch.setenv("DESK_KEY", secret)
        answering(site, lambda _: [{"id": 1, "text": "x"}])
        await items(site, header=header, token="env:DESK_KEY")
        assert site.requests[0].headers[header.lower()] == sent

    async def test_is_for_the_machine_only(self) -> None:
        with pytest.raises(SourceError, match="where a secret of the machine is"):
            Kinds().describe(
                "rest https://x.example/api", options={"token": "env:SLACK_BOT_TOKEN"}, remote=True
            )

    async def test_no_header_can_be_slipped_in(self, site: Site) -> None:
        with pytest.raises(SourceError, match="name of a header"):
            await items(site, header="X: y\r\nHost")


class TestTheNextRun:
    async def test_gives_no_content_of_what_has_not_changed(self, site: Site) -> None:
        told = [{"id": 1, "text": "a", "at": "1"}, {"id": 2, "text": "b", "at": "1"}]
        answering(site, lambda _: told)
        for field in ("", "at"):
            first = await items(site, updated_field=field)
            assert (await items(site, first, updated_field=field)).read == []
        told[1] |= {"text": "c", "at": "2"}
        assert (await items(site, first, updated_field="at")).read == ["2"]

    async def test_a_new_address_is_a_change(self, site: Site) -> None:
        told = [{"id": 1, "text": "a", "url": "https://a.example/"}]
        answering(site, lambda _: told)
        first = await items(site)
        told[0]["url"] = "https://b.example/"
        assert (await items(site, first)).read == ["1"]


class TestWhatIsNotAsTheOptionsSay:
    @pytest.mark.parametrize(
        ("body", "told"),
        [
            (b"<html>", "does not answer with JSON"),
            (b'{"articles": []}', r"no list at its top; there is: articles\. Check --items"),
            (b'[{"key": 1, "body": "x"}]', "An item has: key, body"),
            (b'"words"', "a single value"),
            (b"[" * 100_000, "does not answer with JSON"),
        ],
    )
    async def test_is_told_before_it_is_kept(self, site: Site, body: bytes, told: str) -> None:
        site.serve("/api", body)
        async with opened(site.url("/api"), "rest") as source:
            with pytest.raises(SourceError, match=told):
                await source.check()

    async def test_an_address_that_is_not_there_is_told(self, site: Site) -> None:
        async with opened(site.url("/nope"), "rest") as source:
            with pytest.raises(SourceError, match="cannot be asked"):
                await source.check()

    @pytest.mark.parametrize(
        "options", [{"format": "word"}, {"id_field": ""}, {"text_field": []}, {"max_records": 0}]
    )
    async def test_options_that_cannot_be_are_refused(self, options: dict[str, Any]) -> None:
        with pytest.raises(SourceError):
            await read("https://x.example/", "rest", None, **options)
