"""The console's page of how the bot does, as people use it."""

from __future__ import annotations

from tests.adapters.browser.conftest import QUESTION
from tests.adapters.browser.house import House, Tab, said, text_of
from tests.adapters.fake_platform import NAME


async def test_health_says_what_there_is_and_examines_when_asked(house: House, ida: Tab) -> None:
    await said(house, QUESTION)
    page = text_of(await ida.get("/health"))
    assert f"browser, {NAME}" in page and "Answers in the last day 1" in page
    assert "total" in page and "It is full." not in page
    assert "✕ disk : It is full." in text_of(await ida.post("/health", {}))


async def test_the_index_is_told_and_built_anew_from_there(ida: Tab) -> None:
    page = text_of(await ida.get("/health"))
    assert "Index 1 answers: embedded, has 3 passages" in page and "Build it anew" in page
    begun = await ida.post("/press", {"action": "rebuild", "subject": "", "back": "/health"})
    assert "already being worked on" in text_of(await ida.waited(begun))
