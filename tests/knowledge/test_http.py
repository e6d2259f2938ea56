"""The guarded client: what it refuses, how it waits, and that it keeps secrets to itself."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import logging
import re
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from knowledge.errors import SourceError
from knowledge.types import Validators
from knowledge.web.client import BodyTooLarge, GuardedClient, Response
from tests.kit.certificates import certificate_for
from tests.kit.web_site import Answer, Request, Site, running_site

LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


async def get(url: str, *, allow: Sequence[str] = LOOPBACK, **options: Any) -> Response:
    asked = {
        name: options.pop(name)
        for name in ("validators", "headers", "max_bytes")
        if name in options
    }
    async with GuardedClient(allow=allow, **options) as client:
        return await client.get(url, **asked)


async def refusal(url: str, **options: Any) -> str:
    with pytest.raises(SourceError) as refused:
        await get(url, **options)
    return str(refused.value)


class TestAnswers:
    async def test_a_page_comes_with_its_type_and_validators(self, site: Site) -> None:
        site.serve(
            "/a",
            "Grüße",
            Content_Type="Text/HTML; charset=UTF-8",
            ETag='"v1"',
            Last_Modified="Thu, 01 Jan 2026 00:00:00 GMT",
        )
        assert await get(site.url("/a#part")) == Response(
            url=site.url("/a"),
            status=200,
            content="Grüße".encode(),
            content_type="text/html",
            charset="utf-8",
            etag='"v1"',
            last_modified="Thu, 01 Jan 2026 00:00:00 GMT",
            not_modified=False,
        )

    async def test_an_error_status_is_an_answer_too(self, site: Site) -> None:
        assert (await get(site.url("/missing"))).status == 404

    async def test_an_unchanged_page_is_not_sent_again(self, site: Site) -> None:
        def page(request: Request) -> Answer:
            known = request.headers.get("if-none-match") == '"v1"'
            return Answer(b"" if known else b"text", 304 if known else 200, {"ETag": '"v1"'})

        site.pages["/a"] = page
        first = await get(site.url("/a"))
        again = await get(site.url("/a"), validators=Validators(first.etag, "yesterday"))
        assert (first.not_modified, again.not_modified, again.content) == (False, True, b"")
        assert site.requests[1].headers["if-modified-since"] == "yesterday"

    async def test_validators_that_no_header_can_hold_are_left_out(self, site: Site) -> None:
        site.serve("/a", "text")
        await get(site.url("/a"), validators=Validators('"é"', "a\nb"))
        assert not {"if-none-match", "if-modified-since"} & set(site.requests[0].headers)

    async def test_gzip_is_unpacked(self, site: Site) -> None:
        site.serve("/a", gzip.compress(b"text" * 1000), Content_Encoding="gzip")
        assert (await get(site.url("/a"))).content == b"text" * 1000


class TestRedirects:
    async def test_they_are_followed_to_the_final_url(self, site: Site) -> None:
        site.serve("/a", status=301, Location="/b?x=1")
        site.serve("/b", "there")
        found = await get(site.url("/a"))
        assert (found.url, found.content) == (site.url("/b?x=1"), b"there")

    async def test_endless_ones_end(self, site: Site) -> None:
        site.serve("/a", status=302, Location="/a")
        assert "redirects more than 5 times" in await refusal(site.url("/a"))

    @pytest.mark.parametrize(
        "target",
        ["http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "http://[::1]/"],
    )
    async def test_each_hop_is_checked(self, site: Site, target: str) -> None:
        site.serve("/a", status=302, Location=target)
        message = await refusal(site.url("/a"))
        assert "inside the network" in message or "not a web address" in message
        assert len(site.requests) == 1

    @pytest.mark.parametrize(
        "target", ["data:text/html,hi", "http://a:99999/", "http://[::1", "http://[::g]/"]
    )
    async def test_one_to_what_is_no_web_address_is_told(self, site: Site, target: str) -> None:
        site.serve("/a", status=302, Location=target)
        message = await refusal(site.url("/a"))
        assert f"{site.url('/a')} redirects to what is not a web address" in message

    @pytest.mark.parametrize("host", ["xn--a", "xn--", "a..b", "a" * 300, "%00", "[fe80::1%25x]"])
    async def test_one_to_a_broken_host_is_told(self, site: Site, host: str) -> None:
        site.serve("/a", status=302, Location=f"http://{host}/")

        async def nobody(asked: str, _port: int) -> list[str]:
            if asked == "127.0.0.1":
                return [asked]
            asked.encode("idna")
            raise OSError

        assert "no host named" in await refusal(site.url("/a"), resolve=nobody)

    async def test_credentials_stay_with_their_host(self, site: Site) -> None:
        site.serve("/a", status=302, Location=site.url("/b", host="localhost"))
        site.serve("/b", "there")
        with_user = site.url("/a").replace("//", "//user:pass@")
        keys = {"X-Api-Key": "k", "Accept-Language": "de"}
        await get(with_user, headers=keys, allow=(*LOOPBACK, "localhost"))
        first, second = (request.headers for request in site.requests)
        assert "authorization" in first and first["x-api-key"] == "k"
        assert "authorization" not in second and "x-api-key" not in second
        assert second["accept-language"] == "de"

    async def test_cookies_are_not_kept(self, site: Site) -> None:
        site.serve("/a", status=302, Location="/b", Set_Cookie="session=1")
        site.serve("/b", "there")
        await get(site.url("/a"))
        assert "cookie" not in site.requests[1].headers


class TestAddresses:
    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0",
            "localhost",
            "10.0.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "168.63.129.16",
            "224.0.0.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "0177.0.0.1",
            "0x7f.1",
            "0.0.0.0",  # noqa: S104 - asked for, not bound to
            "[::]",
            "[::ffff:7f00:1]",
            "[0:0:0:0:0:ffff:169.254.169.254]",
            "[2002:7f00:1::]",
            "user:pass@127.0.0.1",
            "example.org@127.0.0.1",
            "１２７.0.0.1",
            "①②⑦.0.0.1",
            "127。0。0。1",
        ],
    )
    async def test_the_inner_network_is_not_fetched(self, host: str) -> None:
        message = await refusal(f"http://{host}:9/", allow=())
        # Some spellings stand for no address at all: nobody is asked for those either.
        assert "inside the network" in message or "not a valid URL" in message, message

    @pytest.mark.parametrize("host", ["127.0.0.1.", "%31%32%37.0.0.1", "a.b.127.0.0.1.nip.example"])
    async def test_a_name_that_leads_into_it_is_not_either(self, host: str) -> None:
        async def inner(_host: str, _port: int) -> list[str]:
            return ["127.0.0.1", "::1"]

        message = await refusal(f"http://{host}:9/", allow=(), resolve=inner)
        assert "inside the network" in message

    async def test_a_host_may_be_allowed_by_name(self, site: Site) -> None:
        site.serve("/a", "inside")
        assert (await get(site.url("/a", host="localhost"), allow=("LocalHost",))).status == 200

    async def test_the_connection_goes_to_the_checked_address(self, site: Site) -> None:
        answers = iter([["127.0.0.1"], ["10.0.0.1"], ["10.0.0.1"]])

        async def rebinding(_host: str, _port: int) -> list[str]:
            return next(answers)

        site.serve("/a", "pinned")
        found = await get(site.url("/a", host="wiki.example"), resolve=rebinding)
        assert found.content == b"pinned"
        assert found.url == site.url("/a", host="wiki.example")
        assert site.requests[0].headers["host"] == f"wiki.example:{site.port}"

    async def test_forbidden_addresses_of_a_host_are_passed_over(self, site: Site) -> None:
        async def mixed(_host: str, _port: int) -> list[str]:
            return ["10.0.0.1", "127.0.0.1"]

        site.serve("/a", "right")
        url = site.url("/a", host="wiki.example")
        assert (await get(url, resolve=mixed)).content == b"right"

    async def test_the_next_address_is_tried_if_one_does_not_answer(self, site: Site) -> None:
        async def two(_host: str, _port: int) -> list[str]:
            return ["127.0.0.9", "127.0.0.1"]  # the site listens on the second only

        site.serve("/a", "right")
        url = site.url("/a", host="wiki.example")
        assert (await get(url, resolve=two)).content == b"right"

    async def test_tls_is_verified_for_the_name_not_the_address(self, tmp_path: Path) -> None:
        server, trusting = certificate_for("wiki.example", folder=tmp_path)

        async def local(_host: str, _port: int) -> list[str]:
            return ["127.0.0.1"]

        async with running_site(server) as site:
            site.serve("/a", "safe")
            for host, works in (("wiki.example", True), ("other.example", False)):
                url = site.url("/a", host=host, scheme="https")
                if works:
                    found = await get(url, resolve=local, ssl_context=trusting)
                    assert found.content == b"safe"
                else:
                    message = await refusal(url, resolve=local, ssl_context=trusting)
                    assert "certificate" in message

    @pytest.mark.parametrize("url", ["ftp://x/y", "file:///etc/passwd", "nonsense", "http://", ""])
    async def test_only_web_addresses_are_fetched(self, url: str) -> None:
        assert "not a web address" in await refusal(url)

    async def test_a_connection_is_used_again_for_its_own_host_only(self) -> None:
        connections: list[list[str]] = []

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked: list[str] = []
            connections.append(asked)
            with contextlib.suppress(asyncio.IncompleteReadError):
                while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                    asked.append(re.search(r"Host: ([\w.]+)", head)[1])  # type: ignore[index]
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            writer.close()

        async def local(_host: str, _port: int) -> list[str]:
            return ["127.0.0.1"]

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, GuardedClient(allow=LOOPBACK, resolve=local) as client:
            for host in ("a.example", "a.example", "b.example"):
                assert (await client.get(f"http://{host}:{port}/")).content == b"ok"
        assert connections == [["a.example", "a.example"], ["b.example"]]

    async def test_what_is_no_http_is_told(self, site: Site) -> None:
        site.pages["/a"] = lambda _request: Answer(b"", headers={"X\r\n broken \x00": "y"})
        assert "not HTTP" in await refusal(site.url("/a"))

    async def test_an_unknown_host_is_told(self) -> None:
        async def nobody(_host: str, _port: int) -> list[str]:
            raise OSError

        assert "no host named" in await refusal("http://nowhere.example/", resolve=nobody)

    async def test_a_server_that_is_down_is_told(self, site: Site) -> None:
        async with running_site() as other:
            url = other.url("/")
        assert "could not be reached" in await refusal(url)


class TestBounds:
    async def test_a_declared_size_is_enough_to_refuse(self, site: Site) -> None:
        site.pages["/a"] = lambda _request: Answer(b"x", length=10**9)
        with pytest.raises(BodyTooLarge, match="smaller page"):
            await get(site.url("/a"))

    async def test_reading_stops_at_the_bound(self, site: Site) -> None:
        site.pages["/a"] = lambda _request: Answer(
            b"%x\r\n" % 10**6 + b"x" * 10**6, headers={"Transfer-Encoding": "chunked"}
        )
        with pytest.raises(BodyTooLarge):
            await get(site.url("/a"), max_bytes=1000)

    async def test_a_gzip_bomb_is_not_unpacked(self, site: Site) -> None:
        site.serve("/a", gzip.compress(bytes(50 * 2**20)), Content_Encoding="gzip")
        async with GuardedClient(allow=LOOPBACK) as client:
            tracemalloc.start()
            try:
                with pytest.raises(BodyTooLarge):
                    await client.get(site.url("/a"), max_bytes=10**6)
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
        assert peak < 10 * 2**20

    async def test_an_answer_that_breaks_off_is_no_document(self, site: Site) -> None:
        site.pages["/a"] = lambda _request: Answer(b"half", length=100)
        assert "broke off" in await refusal(site.url("/a"))
        packed = gzip.compress(b"text" * 1000)[:-10]
        site.serve("/b", packed, Content_Encoding="gzip")
        assert "broke off" in await refusal(site.url("/b"))
        site.serve("/c", b"no gzip", Content_Encoding="gzip")
        assert "damaged" in await refusal(site.url("/c"))
        site.serve("/d", b"?", Content_Encoding="br")
        assert "compression" in await refusal(site.url("/d"))

    async def test_a_slow_answer_runs_into_the_timeout(self, site: Site) -> None:
        never = asyncio.Event()
        site.pages["/a"] = lambda _request: Answer(b"late", pause=never.wait)
        assert "did not answer in full within 0.05 s" in await refusal(site.url("/a"), timeout=0.05)
        never.set()


class TestBusyServers:
    @staticmethod
    def busy(site: Site, times: int, **headers: str) -> None:
        left = iter(range(times))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        site.pages["/a"] = lambda _request: (
            Answer(b"wait", 429, named) if next(left, None) is not None else Answer(b"done")
        )

    async def waits(self, site: Site) -> list[float]:
        waited: list[float] = []

        async def sleep(seconds: float) -> None:
            waited.append(seconds)

        found = await get(site.url("/a"), sleep=sleep, now=lambda: 1_767_225_600.0)
        assert found.content == b"done"
        return waited

    async def test_the_pause_asked_for_is_kept(self, site: Site) -> None:
        self.busy(site, 2, Retry_After="7")
        assert await self.waits(site) == [7.0, 7.0]

    async def test_the_pause_may_be_a_date(self, site: Site) -> None:
        self.busy(site, 1, Retry_After="Thu, 01 Jan 2026 00:00:30 GMT")
        assert await self.waits(site) == [30.0]

    async def test_without_one_the_pauses_grow(self, site: Site) -> None:
        self.busy(site, 3)
        first, second, third = await self.waits(site)
        assert 1 <= first < 2 <= second < 4 <= third

    async def test_they_are_not_asked_for_ever(self, site: Site) -> None:
        async def sleep(_seconds: float) -> None:
            return None

        self.busy(site, 99, Retry_After="0")
        assert "busy" in await refusal(site.url("/a"), sleep=sleep)
        assert len(site.requests) == 4

    async def test_a_long_pause_is_left_to_the_next_run(self, site: Site) -> None:
        self.busy(site, 1, Retry_After="3600")
        assert "busy" in await refusal(site.url("/a"))
        assert len(site.requests) == 1


class TestSecrets:
    async def test_errors_show_no_user_info_and_no_query(self, site: Site) -> None:
        site.pages["/a"] = lambda _request: Answer(b"half", length=100)
        url = site.url("/a?token=hunter2").replace("//", "//user:pass@")
        message = await refusal(url)
        assert site.url("/a") in message
        assert not {"hunter2", "user", "pass"} & set(message.replace("=", " ").split())
        assert "hunter2" not in message and "pass@" not in message

    async def test_logs_show_none_either(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        site.serve("/a", "text")
        with caplog.at_level(logging.DEBUG):
            await get(site.url("/a?token=hunter2").replace("//", "//user:pass@"))
            logging.getLogger("aiohttp.client").warning("noted")
        assert "noted" in caplog.text and str(site.port) not in caplog.text
        assert "hunter2" not in caplog.text and "pass@" not in caplog.text
