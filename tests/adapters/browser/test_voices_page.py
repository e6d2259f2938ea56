"""The console's page of voices, as people use it."""

from __future__ import annotations

from pathlib import Path

from lxml import html

from tests.adapters.browser.house import House, Tab, open_house, text_of
from tests.adapters.stages.playing import own_voices


async def test_a_text_is_said_in_two_voices_side_by_side(house: House) -> None:
    lea = await house.signed_in("lea")
    text = "Hi Ms Okafor, unfortunately your order will not arrive. Regards, Ann"
    page = await lea.post("/voices", {"text": text, "one": "fernhill", "other": "harbour"})
    cards = html.fromstring(page.text).xpath("//*[@id='said']/div[@class='card']")
    assert [each.xpath("./h3/text()") for each in cards] == [["fernhill"], ["harbour"]]
    assert all("Ms Okafor" in each.text_content() for each in cards)
    assert "Let it speak" not in page.text, "that is for admins"
    assert "no voice" in text_of(await lea.post("/voices", {"text": text, "one": "../x"}))


async def test_versions_that_are_not_there_are_told(house: House, ida: Tab) -> None:
    promoted = await ida.post("/do/voice/promote", {"voice": "fernhill", "version": "v9"})
    assert "has no version" in text_of(promoted)
    for path in ("/voices/fernhill/v9", "/voices/..%2f/v9", "/voices/fernhill/..%2f..%2fguide"):
        assert (await ida.get(path)).status_code in (400, 404)


async def test_only_a_version_that_passed_is_offered_first_to_be_let_speak(tmp_path: Path) -> None:
    voices = own_voices(tmp_path, v1=True, v2=False)
    async with open_house(tmp_path, voices=voices) as house:
        page = await (await house.signed_in("ida")).see("/voices")
        first = {
            form.fields["version"]: form.xpath(".//button/@class")
            for form in page.xpath("//form[@action='/do/voice/promote']")
        }
        assert first == {"v1": ["main"], "v2": []}


async def test_pages_without_anything_on_them_say_so(house: House, ida: Tab) -> None:
    assert "Nothing was answered yet" in text_of(await ida.get("/answers"))
    assert "Nothing matches." in text_of(await ida.get("/answers?words=bonus"))
    sources = await ida.get("/sources")
    assert "There is none yet." in text_of(sources) and "Read all again" not in sources.text
