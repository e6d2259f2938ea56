"""Loaders of LangChain's community as sources: what they give, and what they cannot reach."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from knowledge.errors import SourceError
from knowledge.sources.loaders.allowed import LOADERS, Loader
from knowledge.sources.loaders.loading import Loading
from knowledge.sources.registry import Kinds
from knowledge.web.client import GuardedClient
from knowledge.web.proxy import GuardedProxy
from tests.kit.certificates import certificate_for
from tests.kit.services import Confluence, Drive, Notion
from tests.kit.sources import LOOPBACK, Given, opened, read
from tests.kit.web_site import Site, running_site

pytest.importorskip("langchain_community", reason="needs the extra: loaders")
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


async def confluence(site: Site, known: Given | None = None, **options: Any) -> Given:
    told = [f"url={site.url('')}", "space_key=DOCS", "cloud=false", "keep_markdown_format=true",
            "number_of_retries=1"]  # fmt: skip
    return await read(
        "confluence/docs",
        "loader",
        known.known if known else None,
        argument=[*told, *options.pop("argument", [])],
        **options,
    )


class Answering:
    """A service at its own names, answered by a stand-in with a certificate for them."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def resolve(self, _host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    async def connect(self, address: str, port: int) -> Any:
        assert port == 443
        return await asyncio.open_connection(address, self._site.port)

    async def given(self, name: str, arguments: Mapping[str, Any]) -> Given:
        async with GuardedClient(allow=LOOPBACK, resolve=self.resolve) as client:
            loading = Loading(
                LOADERS[name], arguments, client, 10**6, minutes=2, connect=self.connect
            )
            return Given([each async for each in loading.documents({})])


class TestConfluence:
    async def test_gives_the_pages_of_a_space_that_are_open_to_all(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WIKI_TOKEN", "open-sesame")
        space = Confluence(site, token="open-sesame")
        space.write("1", "Pay", "<h2>When</h2><p>On Friday.</p>")
        space.write("2", "Board", "<p>Secret.</p>")
        space.restricted.add("2")
        first = await confluence(site, secret=["token=env:WIKI_TOKEN"])
        assert list(first.documents) == ["1"]
        pay = first.documents["1"]
        assert (pay.content or b"").decode().split("\n\n") == ["# Pay", "## When", "On Friday."]
        assert (pay.url, pay.name) == (site.url("/display/DOCS/1"), "Pay.md")
        assert (await confluence(site, first, secret=["token=env:WIKI_TOKEN"])).read == []
        with pytest.raises(SourceError, match="The loader gave up"):
            await confluence(site)


async def test_notion_gives_the_pages_of_a_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _ = certificate_for("api.notion.com", folder=tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "trusted.pem"))
    async with running_site(server) as site:
        notion = Notion(site, "db1", "ntn_x")
        notion.write("aa-1", "Pay", "On Friday.", "Or on Monday.")
        notion.write("aa-2", "Leave", "Five days.")
        arguments = {"database_id": "db1", "integration_token": "ntn_x"}
        given = await Answering(site).given("notion", arguments)
        assert {name: each.url for name, each in given.documents.items()} == {
            "aa-1": "https://www.notion.so/aa1",
            "aa-2": "https://www.notion.so/aa2",
        }
        assert given.documents["aa-1"].content == b"# Pay\n\nOn Friday.\nOr on Monday."
        with pytest.raises(SourceError, match="The loader gave up") as refused:
            await Answering(site).given("notion", arguments | {"integration_token": "ntn_wrong"})
        assert "ntn_wrong" not in str(refused.value)


async def test_google_drive_gives_the_documents_of_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    server, _ = certificate_for("www.googleapis.com", "oauth2.googleapis.com", folder=tmp_path)
    for name in ("REQUESTS_CA_BUNDLE", "HTTPLIB2_CA_CERTS"):
        monkeypatch.setenv(name, str(tmp_path / "trusted.pem"))
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    key = tmp_path / "key.json"
    key.write_text(
        json.dumps(
            {
                "type": "service_account",
                "client_email": "bot@x.iam.gserviceaccount.com",
                "private_key": private.decode(),
                "token_uri": "https://oauth2.googleapis.com/token",
            }
        )
    )
    async with running_site(server) as site:
        Drive(site, "folder1").write("d1", "Pay", "On Friday.")
        given = await Answering(site).given(
            "google-drive", {"folder_id": "folder1", "service_account_key": str(key)}
        )
    (document,) = given.documents.values()
    assert document.content == b"# Pay\n\nOn Friday."
    assert document.url == "https://docs.google.com/document/d/d1/edit"


class TestTheWayOut:
    async def test_does_not_lead_into_the_network(self, site: Site) -> None:
        Confluence(site).write("1", "Pay", "Friday")
        async with GuardedClient() as client:
            arguments = {"url": site.url(""), "space_key": "DOCS", "number_of_retries": 1}
            loading = Loading(LOADERS["confluence"], arguments, client, 10**6, minutes=1)
            with pytest.raises(SourceError, match="inside the network"):
                await anext(aiter(loading.documents({})))
        assert site.requests == []

    @pytest.mark.parametrize(
        "attempt",
        [
            "import socket; socket.create_connection(('127.0.0.1', PORT), 2)",
            "import socket; socket.socket().connect(('127.0.0.1', PORT))",
            "import socket; socket.getaddrinfo('localhost.', 80)",
            "import socket; socket.gethostbyname('localhost')",
            "import socket as s; s.socket(type=s.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))",
            "import subprocess; subprocess.run(['true'])",
            "import os; os.system('true')",
            "import os; os.fork()",
            "import os; os.execv('/bin/true', ['true'])",
            "import urllib.request; urllib.request.build_opener(urllib.request.ProxyHandler({}))"
            ".open('http://127.0.0.1:PORT/')",
        ],
    )
    async def test_is_the_proxy_whatever_a_loader_tries(self, site: Site, attempt: str) -> None:
        code = (
            "from knowledge.sources.loaders.worker import guard\n"
            "guard('127.0.0.1', 1)\n"
            f"try:\n    {attempt.replace('PORT', str(site.port))}\n"
            "except OSError as error:\n    print('refused' if 'loader' in str(error) else error)\n"
        )
        done = await asyncio.to_thread(
            partial(
                subprocess.run,
                [sys.executable, "-c", code],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
        )
        assert done.stdout.strip() == "refused", done.stderr
        assert site.requests == []

    async def test_follows_redirects_to_checked_hosts_only(self, site: Site) -> None:
        Confluence(site)
        site.serve(
            "/rest/api/content", status=302, Location="http://169.254.169.254/latest/meta-data/"
        )
        with pytest.raises(SourceError, match="inside the network"):
            await confluence(site)


class TestWhatGoesWrong:
    @pytest.mark.parametrize(
        ("typed", "options", "told"),
        [
            ("sharepoint", {}, "There is no loader 'sharepoint'; there are confluence"),
            ("os.system", {}, "There is no loader"),
            ("confluence", {"argument": ["url"]}, "NAME=VALUE"),
            ("confluence", {"argument": ["a b=1"]}, "NAME=VALUE"),
            ("confluence", {"secret": ["token=hunter2"]}, "secrets themselves are not kept"),
            ("confluence", {"secret": ["token=env:NOT_THERE"]}, "is not there"),
            ("confluence", {"minutes": 0}, "at least 1"),
            ("confluence", {"argument": ["token=hunter2"]}, "Say where it is: --secret token=env"),
            ("notion", {"argument": ["integration_token=ntn_1"]}, "is a secret and would be"),
        ],
    )
    async def test_is_told_before_anything_is_started(
        self, typed: str, options: dict[str, Any], told: str
    ) -> None:
        with pytest.raises(SourceError, match=told):
            await read(typed, "loader", None, **options)

    async def test_is_told_before_it_is_kept(self) -> None:
        async with opened("confluence", "loader", argument=["url=https://x.example"]) as source:
            with pytest.raises(SourceError, match="Must specify at least one"):
                await source.check()

    async def test_a_package_that_is_missing_is_named(self) -> None:
        async with GuardedClient() as client:
            nothing = Loader("langchain_community.nothing", "Nothing", ("id",))
            loading = Loading(nothing, {}, client, 10**6, minutes=1)
            with pytest.raises(SourceError, match=r"housevoice\[loaders\]"):
                await loading.check()

    def test_none_can_be_added_from_a_chat(self) -> None:
        with pytest.raises(SourceError, match="on the machine"):
            Kinds().describe("loader confluence", remote=True)


async def test_the_proxy_closes_when_more_comes_than_is_read(site: Site) -> None:
    site.serve("/big", "x" * 100_000)
    async with (
        GuardedClient(allow=LOOPBACK) as client,
        GuardedProxy(client, max_bytes=50_000) as proxy,
    ):
        host, _, port = proxy.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET {site.url('/big')} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert len(await reader.read(-1)) < 100_000
        writer.close()
        assert proxy.refusals
