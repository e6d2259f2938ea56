"""The console behind a proxy that speaks TLS for it: whom it believes, and what it refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.browser.guard import MOST_ATTEMPTS
from tests.adapters.browser.house import House, open_house

ADDRESS = "https://house.example"
OVER_TLS = {"X-Forwarded-Proto": "https"}


@asynccontextmanager
async def proxied(
    folder: Path, *, proxy: str = "127.0.0.1", **config: Any
) -> AsyncIterator[tuple[House, httpx.AsyncClient]]:
    """A console that really listens, and its proxy at 127.0.0.1, which hands on the host."""
    behind = {"address": ADDRESS, "port": 0, "proxies": (proxy,), **config}
    async with open_house(folder, behind) as house:
        await house.adapter.connect()
        own = f"http://127.0.0.1:{house.adapter.port}"
        try:
            async with httpx.AsyncClient(base_url=own, headers={"Host": "house.example"}) as http:
                yield house, http
        finally:
            await house.adapter.close()


async def sign_in(
    house: House, http: httpx.AsyncClient, **headers: str
) -> tuple[int, Mapping[str, str]]:
    """The status and the headers of somebody's way in."""
    given = {**OVER_TLS, **headers}
    entered = await http.post("/enter", data={"pass": await house.link("ida")}, headers=given)
    return entered.status_code, entered.headers


async def test_who_comes_over_tls_gets_in_with_a_cookie_that_stays_there(tmp_path: Path) -> None:
    async with proxied(tmp_path) as (house, http):
        status, headers = await sign_in(house, http, Origin=ADDRESS)
        assert status == 303
        assert headers["location"] == "/"
        assert headers["set-cookie"].startswith("__Host-housevoice=")
        assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= set(
            headers["set-cookie"].split("; ")
        )


async def test_a_proxy_that_names_its_own_host_is_no_other_site(tmp_path: Path) -> None:
    async with proxied(tmp_path) as (house, http):
        http.headers["Host"] = f"127.0.0.1:{house.adapter.port}"
        assert (await sign_in(house, http, Origin=ADDRESS))[0] == 303
        assert (await sign_in(house, http, Origin="https://evil.example"))[0] == 403


@pytest.mark.parametrize("path", ["/ask", "/enter?pass=a%2Fb", "//evil.example/"])
async def test_who_came_in_the_clear_is_led_to_the_address_of_the_console(
    tmp_path: Path, path: str
) -> None:
    async with proxied(tmp_path) as (_, http):
        origin = str(http.base_url).rstrip("/")
        url = httpx.URL(origin).copy_with(raw_path=path.encode())
        answer = await http.get(url, headers={"X-Forwarded-Proto": "http"})
        assert (answer.status_code, answer.headers["location"]) == (308, f"{ADDRESS}{path}")


async def test_nothing_is_changed_in_the_clear(tmp_path: Path) -> None:
    async with proxied(tmp_path) as (house, http):
        link = await house.link("ida")
        given = {"X-Forwarded-Proto": "http"}
        assert (await http.post("/enter", data={"pass": link}, headers=given)).status_code == 421
        after = await http.post("/enter", data={"pass": link}, headers=OVER_TLS)
        assert after.status_code == 303


async def test_beyond_this_machine_nobody_goes_past_the_proxy(tmp_path: Path) -> None:
    elsewhere = {"host": "0.0.0.0", "proxy": "10.0.0.2"}  # noqa: S104
    async with proxied(tmp_path, **elsewhere) as (house, http):
        assert (await http.get("/ask")).status_code == 421
        assert (await sign_in(house, http))[0] == 421  # says https, and is not the proxy
        assert (await http.get("/healthz")).status_code == 200


@pytest.mark.parametrize(
    "forged",
    [
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "host=evil.example;proto=http"},
        {"X-Forwarded-Port": "1"},
        {"X-Original-URL": "/health", "X-Rewrite-URL": "/health"},
    ],
)
async def test_no_other_header_leads_elsewhere(tmp_path: Path, forged: dict[str, str]) -> None:
    async with proxied(tmp_path) as (_, http):
        for path in ("/", "/health", "/ask/", "/static"):
            answer = await http.get(path, headers={**OVER_TLS, **forged})
            assert answer.headers["location"].startswith(("/", f"{ADDRESS}/"))
            assert not answer.headers["location"].startswith("//")
            assert "evil.example" not in answer.headers["location"]


async def test_guesses_are_counted_by_the_address_that_the_proxy_saw(tmp_path: Path) -> None:
    async with proxied(tmp_path) as (house, http):

        async def guess(forwarded: str) -> int:
            given = {**OVER_TLS, "X-Forwarded-For": forwarded}
            tried = await http.post("/enter", data={"pass": "wrong"}, headers=given)
            return tried.status_code

        # What somebody writes there themselves stands on the left; the proxy adds whom it saw.
        said = [await guess(f"203.0.113.{n}, 198.51.100.7") for n in range(MOST_ATTEMPTS + 1)]
        assert said == [403] * MOST_ATTEMPTS + [429]
        assert await guess("198.51.100.8") == 403
        there = {"X-Forwarded-For": "198.51.100.7"}
        assert (await sign_in(house, http, **there))[0] == 429


async def test_an_office_behind_one_address_gets_in(tmp_path: Path) -> None:
    async with proxied(tmp_path) as (house, http):
        for _ in range(MOST_ATTEMPTS + 2):
            assert (await sign_in(house, http, **{"X-Forwarded-For": "198.51.100.7"}))[0] == 303


async def test_figures_are_for_this_machine_and_not_for_whom_the_proxy_lets_in(
    tmp_path: Path,
) -> None:
    async with proxied(tmp_path) as (_, http):
        assert (await http.get("/metrics")).status_code == 200
        for name in ("X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Via", "Forwarded"):
            assert (await http.get("/metrics", headers={name: "127.0.0.1"})).status_code == 401
