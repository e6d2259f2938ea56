"""Addresses typed or redirected to: broken ones are told, secrets neither kept nor shown."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from knowledge.errors import SourceError
from knowledge.web.url_secrets import secret_in, without_secrets
from knowledge.web.urls import redirected, safe_url, web_url
from tests.kit.library import spec_for

BASE = httpx.URL("https://wiki.example/a")
BROKEN = [
    "http://\ud800/", "http://a/\ud800", "http://a/?q=\udfff", "http://a:0/", "http://a:-1/",
    "http://a:99999/", "http://a:" + "9" * 400 + "/", "http://a:" + "9" * 5000 + "/",
    "http://a:1e3/", "http://[::1", "http://[::1]x/", "http://[::g]/", "http://[v1.x]/",
    "http://a/\0", "http://\0/", "http://256.1.1.1/", "http://\u202e.com/", "http:///x",
    "http://" + "é" * 70 + ".de/", "http://a/" + "x" * 70_000, "http://☃.net/",
]  # fmt: skip
NOT_WEB = ["data:text/html,hi", "data:,", "javascript:alert(1)", "mailto:a@b.example", "file:///x"]

anything = st.text(max_size=80) | st.text("/:@?#[]%.0129axn-\\ \t\ud800é", max_size=30).map(
    lambda rest: f"http://{rest}"
)


@pytest.mark.parametrize("url", [*BROKEN, *NOT_WEB])
def test_a_broken_address_is_told_typed_or_redirected_to(url: str) -> None:
    with pytest.raises(SourceError):
        web_url(url)
    with pytest.raises(SourceError, match=r"https://wiki\.example/a redirects to what is not"):
        redirected(BASE, url)
    with pytest.raises(SourceError):
        spec_for(url)


@given(anything)
@example("http://xn--a/")
@example("http://xn--/")
@example("http://xn--zzzzzz-99999/")
def test_nothing_typed_is_more_than_refused(url: str) -> None:
    for check in (web_url, lambda each: redirected(BASE, each), spec_for):
        try:
            check(url)
        except SourceError as error:
            str(error).encode()  # can be shown
    assert len(safe_url(url)) <= 201
    without_secrets(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:hunter2@wiki.example/",
        "https://hunter2@wiki.example/",
        "https://a@hunter2@wiki.example/",
        "https://wiki.example/?token=hunter2",
        "https://wiki.example/?page=2&access_token=hunter2",
        "https://wiki.example/?accessToken=hunter2",
        "https://wiki.example/?a=1;key=hunter2",
        "https://wiki.example/?api-key=hunter2#part",
        "https://wiki.example/?APIKEY=hunter2",
        "https://wiki.example/?%74oken=hunter2",
        "https://wiki.example/a;jsessionid=hunter2?b=1",
        "https://store.example/f.pdf?se=2026&sp=r&sig=hunter2",
        "https://store.example/f.pdf?X-Amz-Date=2026&X-Amz-Signature=hunter2",
        "https://store.example/f.pdf?AWSAccessKeyId=hunter2",
        "https://wiki.example/?client_secret=hunter2",
        "https://wiki.example/?password=hunter2",
        "https://wiki.example/?x=eyJhunter2hunter2.eyJhunter2hunter2.hunter2",
        "https://wiki.example/feed/glpat-hunter2hunter2hunter2",
    ],
)
def test_a_secret_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(SourceError, match="has a secret in it") as refused:
        spec_for(url)
    assert "hunter2" not in str(refused.value) and "added as files" in str(refused.value)
    with pytest.raises(SourceError, match="has a secret in it"):
        spec_for(__file__, base_url=url)
    assert "hunter2" not in without_secrets(url)
    assert secret_in(without_secrets(url).replace("…", "")) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://wiki.example/?keyword=pay&page=2&author=kim",
        "https://wiki.example/?token=",
        "https://wiki.example/keys/token?monkey=1&design=2",
        "https://wiki.example/@kim/post?id=1",
        "https://wiki.example/ask-how-to-reset-your-password-here",
        "https://wiki.example/sk-learn-tutorial-introduction?sort=desc",
    ],
)
def test_what_is_no_secret_is_taken_and_shown_whole(url: str) -> None:
    assert spec_for(url).location == url
    assert without_secrets(url) == url
