"""The console's page of voices, as people use it."""

from __future__ import annotations

from lxml import html

from tests.adapters.browser.house import House, Tab, text_of


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
