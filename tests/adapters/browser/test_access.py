"""Who may open which page, what a change must bring along, and the headers of every response."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.browser.pages import acting, answers, ask, gaps, health, runs, sources, voices
from adapters.browser.pages.acting import COMMANDS
from tests.adapters.browser.house import ADDRESS, House, Tab, Who, open_house, text_of
from tests.kit.fakes import evidence

ROUTES = [
    *ask.ROUTES,
    *acting.ROUTES,
    *sources.ROUTES,
    *runs.ROUTES,
    *gaps.ROUTES,
    *answers.ROUTES,
    *voices.ROUTES,
    *health.ROUTES,
]
PAGES: dict[str, set[Who]] = {
    "/ask": {"ann", "lea", "ida", "local"},
    "/gaps": {"lea", "ida", "local"},
    "/answers": {"lea", "ida", "local"},
    "/voices": {"lea", "ida", "local"},
    "/sources": {"ida", "local"},
    "/sources/new": {"ida", "local"},
    "/runs": {"ida", "local"},
    "/health": {"ida", "local"},
}
EVERYONE: tuple[Who, ...] = ("ann", "lea", "ida", "local")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as house:
        house.bench.knows("salaries", evidence("Salaries arrive on the 28th.", title="Pay"))
        await house.bench.world.sources.add("https://a.example/help")
        yield house


def _filled(path: str, conversation: str = "c") -> str:
    """The path with something in its gaps."""
    return re.sub(r"\{(\w+)\}", lambda gap: {"conversation": conversation}.get(gap[1], "x"), path)


# --- the matrix -----------------------------------------------------------------------------------


@pytest.mark.parametrize("who", EVERYONE)
async def test_each_page_is_for_those_whom_it_is_for(house: House, who: Who) -> None:
    tab = await house.signed_in(who)
    seen = {path for path in PAGES if (await tab.get(path, follow_redirects=True)).is_success}
    assert seen == {path for path, may in PAGES.items() if who in may}
    links = set(re.findall(r'<a href="(/\w+)"', (await tab.begin()).text))
    assert links - {"/ask"} == seen - {"/ask", "/sources/new"}, "the menu shows just these"


@pytest.mark.parametrize("who", EVERYONE)
async def test_no_route_does_more_than_its_role(house: House, who: Who) -> None:
    ranks = {"ann": 0, "lea": 1, "ida": 2, "local": 2}
    tab = await house.signed_in(who)
    csrf = {"csrf": await tab.csrf()}
    for method, path, least, _ in ROUTES:
        if (method, path) == ("GET", "/ask"):
            continue
        data = {"data": csrf} if method == "POST" else {}
        response = await tab.http.request(method, _filled(path), **data)  # type: ignore[arg-type]
        allowed = ranks[who] >= {"reader": 0, "lead": 1, "admin": 2}[least]
        assert (response.status_code != 403) == allowed, (who, method, path)


async def test_without_signing_in_nothing_is_shown_or_done(house: House) -> None:
    tab = await house.tab()
    for method, path, _, _ in ROUTES:
        response = await tab.http.request(method, _filled(path))
        assert response.status_code == (303 if method == "GET" else 401), path
        assert "salaries" not in response.text.lower()
        part = await tab.http.request(method, _filled(path), headers={"HX-Request": "true"})
        assert (part.status_code, part.headers["hx-redirect"]) == (401, "/enter")
    assert house.bench.world.sources.done == [("add", "a.example/help")]


@pytest.mark.parametrize("who", ["ann", "lea"])
async def test_commands_and_buttons_of_admins_do_nothing_for_others(house: House, who: Who) -> None:
    await (await house.signed_in("ida")).ask("Who repairs bicycles?")
    (gap,) = await house.bench.knowledge.gaps.open(10)
    tab = await house.signed_in(who)
    filled = {"source": "a.example/help", "readers": "public", "when": "hourly", "version": "v2"}
    for name, action in sorted(COMMANDS - {("kb", "answer")}):
        response = await tab.post(f"/do/{name}/{action}", filled)
        if response.url.path.startswith("/progress/"):
            response = await tab.waited(response)
        assert "is for admins" in text_of(response), action
    for action in ("answer", "source", "dismiss", "forget"):
        response = await tab.post("/press", {"action": action, "subject": gap.id})
        assert "Only admins" in text_of(response), action
    values = {"f-question": "Q?", "f-answer": "A.", "f-readers": "public", "c-gap": gap.id}
    assert "Only admins" in text_of(await tab.post("/form/gap_answer", values))
    assert house.bench.world.sources.done == [("add", "a.example/help")]
    assert await house.bench.knowledge.gaps.open(10) == [gap]
    assert await house.bench.knowledge.curated.all() == []


async def test_commands_that_no_page_gives_cannot_be_given(house: House) -> None:
    tab = await house.signed_in("ida")
    for path in ("/do/kb/export", "/do/kb/console", "/do/quiet/", "/do/help/x", "/do/voice/say"):
        assert (await tab.post(path, {})).status_code in (400, 404)


# --- forged requests ------------------------------------------------------------------------------


def _changes() -> list[str]:
    return [path for method, path, *_ in ROUTES if method == "POST"] + ["/leave"]


@pytest.mark.parametrize("path", _changes())
async def test_no_change_is_made_without_the_token_of_the_session(house: House, path: str) -> None:
    tab = await house.signed_in("ida")
    others = await (await house.signed_in("ann")).csrf()
    conversation = (await tab.begin()).url.path.removeprefix("/ask/")
    for csrf in ({}, {"csrf": ""}, {"csrf": others}, {"csrf": "x" * 64}, {"csrf": "é"}):
        refused = await tab.http.post(_filled(path, conversation), data={**csrf, "question": "Q?"})
        assert refused.status_code == 403 and "form" in text_of(refused)
    assert (await tab.begin()).url.path.startswith("/ask/"), "still signed in"
    assert await house.bench.rows("inbox") == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8081"},
        {"Origin": "http://127.0.0.1.evil.example:8080"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_change_from_another_page_is_refused_even_with_the_token(
    house: House, headers: dict[str, str]
) -> None:
    tab = await house.signed_in("ida")
    data = {"csrf": await tab.csrf(), "source": "a.example/help"}
    refused = await tab.http.post("/do/kb/pause", data=data, headers=headers)
    assert refused.status_code == 403
    entering = await tab.http.post(
        "/enter", data={"pass": await house.link("ann")}, headers=headers
    )
    assert entering.status_code == 403, "nobody is signed in as somebody else from elsewhere"
    own = {"Origin": ADDRESS, "Sec-Fetch-Site": "same-origin"}
    assert (await tab.http.post("/do/kb/pause", data=data, headers=own)).status_code == 200


async def test_looking_changes_nothing(house: House) -> None:
    tab = await house.signed_in("ida")
    for path in ("/leave", "/press", "/do/kb/pause", "/form/gap_answer", "/runs/approve"):
        assert (await tab.get(path)).status_code == 405
    assert (await tab.begin()).url.path.startswith("/ask/")


# --- headers and bodies ---------------------------------------------------------------------------


async def test_every_response_has_the_headers(house: House) -> None:
    tab = await house.signed_in("ida")
    responses = [await tab.get(path, follow_redirects=True) for path in PAGES]
    responses += [
        await tab.get("/enter"),
        await tab.get("/nowhere"),
        await tab.get("/static/console.css"),
    ]
    responses += [
        await tab.http.post("/leave"),
        await tab.get("/", headers={"Host": "evil.example"}),
    ]
    for response in responses:
        headers, where = response.headers, response.url.path
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy, where
        assert "frame-ancestors 'none'" in policy and "form-action 'self'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        is_static = where.startswith("/static/")
        assert headers["cache-control"] == ("max-age=3600" if is_static else "no-store")
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "server" not in headers


async def test_pages_name_nothing_outside_of_the_house(house: House) -> None:
    tab = await house.signed_in("ida")
    for path in PAGES:
        page = (await tab.get(path, follow_redirects=True)).text
        loaded = re.findall(r'(?:src|srcset|action|hx-get|hx-post)="([^"]*)"', page)
        loaded += re.findall(r'<link[^>]*href="([^"]*)"', page)
        assert loaded and all(each.startswith("/") and each[1:2] != "/" for each in loaded), path
        assert "style=" not in page and not re.search(r"\son\w+=", page), path


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::2]", "é"])
async def test_a_name_that_is_not_ours_is_refused(house: House, host: str) -> None:
    """DNS rebinding: a page elsewhere whose name leads here has another host."""
    tab = await house.signed_in("ida")
    response = await tab.get("/sources", headers=[(b"host", host.encode())])
    assert response.status_code == 421


async def test_a_body_that_is_too_large_is_not_read(house: House) -> None:
    tab = await house.signed_in("ida")
    huge = {"Content-Length": str(10**9), "Content-Type": "application/x-www-form-urlencoded"}
    assert (await tab.http.post("/press", content=b"a=1", headers=huge)).status_code == 413


async def test_what_breaks_is_told_by_an_id(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> None:
        raise RuntimeError("the secret of the machine")

    tab = await house.signed_in("ida")
    monkeypatch.setattr(house.bench.world.sources, "all", broken)
    failed = await tab.get("/sources")
    assert failed.status_code == 500
    assert re.search(r"error [0-9a-f]{8}", text_of(failed)) and "secret" not in failed.text


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "/\\evil", "x", "/\t/e"]
)
async def test_the_way_back_leads_to_a_page_of_ours(house: House, back: str) -> None:
    tab = await house.signed_in("ida")
    begun = await tab.post("/do/kb/refresh", {"back": back})
    path = begun.url.path
    for page in (begun, await tab.get(path, params={"back": back})):
        done = await tab.waited(page)
        assert 'href="/sources">Back' in done.text and "evil" not in done.text


async def test_what_breaks_outside_of_pages_is_told_by_an_id_as_well(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(token: str) -> None:
        raise RuntimeError("the secret of the machine")

    tab = await house.signed_in("ida")
    monkeypatch.setattr(house.bench.console.passes, "guest", broken)
    failed = await tab.get("/sources")
    assert failed.status_code == 500 and "secret" not in failed.text + caplog.text


async def test_nobody_reads_anothers_conversation_or_work(house: House) -> None:
    ida, ann = await house.signed_in("ida"), await house.signed_in("ann")
    page = await ida.ask("When do salaries arrive?")
    assert "on the 28th" in text_of(page)
    path = page.url.path
    assert (await ann.get(path)).status_code == 400
    assert (await ann.post(path, {"question": "And mine?"})).status_code == 400
    work = await _work_of(ida)
    assert (await ann.get(work)).status_code == 400
    (trace,) = await house.bench.rows("trace")
    conversation = path.removeprefix("/ask/")
    pressed = {"action": "why", "subject": trace["id"], "conversation": conversation}
    assert "28th" not in text_of(await ann.post("/press", pressed))
    own = (await ann.begin()).url.path.removeprefix("/ask/")
    pressed["conversation"] = own
    assert "28th" not in text_of(await ann.post("/press", pressed))


async def _work_of(tab: Tab) -> str:
    begun = await tab.post("/do/kb/refresh", {})
    await tab.waited(begun)
    return str(begun.url)
