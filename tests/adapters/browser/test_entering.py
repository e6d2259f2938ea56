"""Getting into the console: links that work once, sessions, and where it refuses to listen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.browser.config import BrowserConfig, host_and_port
from adapters.browser.guard import MOST_ATTEMPTS
from bot.cards import Card
from bot.desk.console.passes import LINK_VALID, SESSION_VALID
from bot.errors import ConfigurationError, PlatformError
from bot.shell.data_folder import signing_key
from tests.adapters.browser.house import ADDRESS, House, guest, open_house, text_of
from tests.adapters.fake_platform import CHANNEL

COOKIE = "housevoice"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as house:
        yield house


async def test_the_command_gives_everyone_a_link_that_lets_them_in_as_themselves(
    house: House,
) -> None:
    command = house.bench.commands.named("kb", "console")
    for who, role in (("ann", "reader"), ("lea", "lead"), ("ida", "admin")):
        card = await house.bench.commands.run(command, house.office.by(who))
        assert isinstance(card, Card)
        (link,) = card.links
        assert link in card.text and link.startswith(f"{ADDRESS}/enter?pass=")
        tab = await house.tab()
        assert "Sign in" in text_of(await tab.get(link))
        entered = await tab.http.post("/enter", data={"pass": link.partition("=")[2]})
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        assert f"{who}, {role}" in text_of(await tab.begin())


async def test_without_a_console_there_is_no_command_for_it(tmp_path: Path) -> None:
    async with open_house(tmp_path, console=None) as house:
        offered = {(each.name, each.action) for each in house.bench.commands.all}
    assert ("kb", "list") in offered and ("kb", "console") not in offered


async def test_a_link_works_once(house: House) -> None:
    token = await house.link("ida")
    first, second = await house.tab(), await house.tab()
    assert (await first.http.post("/enter", data={"pass": token})).status_code == 303
    refused = await second.http.post("/enter", data={"pass": token})
    assert refused.status_code == 403 and "used already" in text_of(refused)
    assert "set-cookie" not in refused.headers


async def test_looking_at_a_link_does_not_use_it_up(house: House) -> None:
    token = await house.link("ida")
    tab = await house.tab()
    for _ in range(3):
        await tab.get(f"/enter?pass={token}")
        await tab.http.head(f"/enter?pass={token}")
    assert (await tab.http.post("/enter", data={"pass": token})).status_code == 303


async def test_a_link_is_too_old_after_ten_minutes(house: House) -> None:
    assert timedelta(minutes=10) == LINK_VALID
    tab = await house.tab()
    old, young = await house.link("ida"), await house.link("ida")
    house.bench.clock.tick(LINK_VALID.total_seconds() - 1)
    assert (await tab.http.post("/enter", data={"pass": young})).status_code == 303
    house.bench.clock.tick(1)
    assert (await tab.http.post("/enter", data={"pass": old})).status_code == 403


async def test_a_session_is_over_after_a_day_of_work(house: House) -> None:
    tab = await house.signed_in("ida")
    house.bench.clock.tick(SESSION_VALID.total_seconds() - 1)
    assert (await tab.begin()).url.path.startswith("/ask/")
    house.bench.clock.tick(1)
    assert (await tab.begin()).url.path == "/enter"


async def test_a_link_is_no_session_and_a_session_is_no_link(house: House) -> None:
    passes = house.bench.console.passes
    link = await house.link("ida")
    assert await passes.guest(link) is None
    entered = await passes.enter(link)
    assert entered is not None
    session, _ = entered
    assert await passes.enter(session) is None
    assert await passes.guest(session) == guest("ida")


async def test_nothing_in_the_database_lets_anybody_in(house: House) -> None:
    token = await house.link("ida")
    rows = await house.bench.rows("console_pass")
    assert rows and all(token not in str(row) for row in rows)
    tab = await house.tab()
    refused = await tab.http.post("/enter", data={"pass": rows[0]["id"]})
    assert refused.status_code == 403


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(house: House) -> None:
    tab = await house.tab()
    entered = await tab.http.post("/enter", data={"pass": await house.link("ida")})
    cookie = entered.headers["set-cookie"].lower()
    assert cookie.startswith(f"{COOKIE}=")
    assert "httponly" in cookie and "samesite=lax" in cookie and "path=/" in cookie
    assert "domain" not in cookie


async def test_over_tls_the_cookie_and_the_host_are_bound_to_it(tmp_path: Path) -> None:
    address = "https://house.example"
    async with open_house(
        tmp_path,
        {"host": "0.0.0.0", "address": address, "proxies": ("10.0.0.2",)},  # noqa: S104
    ) as house:
        tab = await house.tab()
        entered = await tab.http.post("/enter", data={"pass": await house.link("ida")})
        cookie = entered.headers["set-cookie"].lower()
        assert cookie.startswith("__host-housevoice=") and "secure" in cookie
        assert "max-age=31536000" in entered.headers["strict-transport-security"]


async def test_a_session_that_somebody_planted_is_not_taken_over(house: House) -> None:
    """Session fixation: what was there before signing in is worth nothing afterwards."""
    attacker = await house.signed_in("ann")
    planted = attacker.http.cookies[COOKIE]
    victim = await house.tab()
    victim.http.cookies.set(COOKIE, planted, domain="127.0.0.1")
    await victim.http.post("/enter", data={"pass": await house.link("ida")})
    own = [each.value for each in victim.http.cookies.jar if each.value != planted]
    assert own, "the cookie stayed as it was planted"
    assert (await attacker.get("/sources")).status_code in (303, 403)
    assert (await attacker.begin()).url.path == "/enter", "the planted session goes on"


@pytest.mark.parametrize(
    "forge",
    [
        lambda cookie: cookie[:-1] + ("0" if cookie[-1] != "0" else "1"),
        lambda cookie: cookie.partition(".")[0],
        lambda cookie: f"{cookie.partition('.')[0]}.",
        lambda cookie: f"x{cookie}",
        lambda cookie: "." + cookie.partition(".")[2],
        lambda _: "",
        lambda _: "..",
        lambda _: "é.ü".encode().decode("latin-1"),
    ],
)
async def test_a_forged_cookie_is_no_session(house: House, forge: Any) -> None:
    real = (await house.signed_in("ida")).http.cookies[COOKIE]
    tab = await house.tab()
    cookie = f"{COOKIE}={forge(real)}".encode("latin-1")
    response = await tab.get("/sources", headers=[(b"cookie", cookie)])
    assert (response.status_code, response.headers["location"]) == (303, "/enter")


async def test_a_cookie_of_another_installation_is_no_session(tmp_path: Path) -> None:
    async with open_house(tmp_path, {"key": b"a" * 32}) as house:
        cookie = (await house.signed_in("ida")).http.cookies[COOKIE]
    async with open_house(tmp_path, {"key": b"b" * 32}) as house:
        tab = await house.tab()
        response = await tab.get("/sources", headers={"cookie": f"{COOKIE}={cookie}"})
        assert response.status_code == 303


async def test_signing_out_ends_the_session_also_for_who_copied_it(house: House) -> None:
    tab = await house.signed_in("ida")
    copied = tab.http.cookies[COOKIE]
    await tab.post("/leave")
    assert (await tab.begin()).url.path == "/enter"
    thief = await house.tab()
    thief.http.cookies.set(COOKIE, copied, domain="127.0.0.1")
    assert (await thief.begin()).url.path == "/enter"


async def test_guessing_links_is_given_up_soon(house: House) -> None:
    tab = await house.tab()
    for n in range(MOST_ATTEMPTS):
        assert (await tab.http.post("/enter", data={"pass": f"guess{n}"})).status_code == 403
    good = await house.link("ida")
    assert (await tab.http.post("/enter", data={"pass": good})).status_code == 429


async def test_who_is_no_admin_any_more_is_none_here_with_the_next_click(house: House) -> None:
    tab = await house.signed_in("ida")
    assert (await tab.get("/sources")).status_code == 200
    house.office.admins.clear()
    assert (await tab.get("/sources")).status_code == 403
    refused = await tab.post("/do/kb/refresh", {})
    told = await tab.waited(refused)
    assert "is for admins" in text_of(told)
    assert house.bench.world.sources.done == []


async def test_what_the_platform_does_not_say_is_refused(house: House) -> None:
    tab = await house.signed_in("ida")
    house.bench.present.pop(house.office.name)
    away = await tab.get("/sources")
    assert away.status_code == 503 and "Office is not connected" in text_of(away)

    async def fails(place: object, user: str) -> bool:
        raise PlatformError("The office does not answer.")

    house.office.is_admin = fails  # type: ignore[method-assign]
    house.bench.present[house.office.name] = house.office
    assert (await tab.get("/sources")).status_code == 503


async def test_signing_in_stands_in_the_audit(house: House) -> None:
    await house.signed_in("ida")
    (line,) = await house.bench.audit.newest(1)
    assert (line.who, line.what, line.outcome) == (
        f"{CHANNEL.platform}:user:ida",
        "signed in",
        "done",
    )


async def test_what_is_over_is_dropped(house: House) -> None:
    await house.signed_in("ida")
    await house.link("ann")
    house.bench.clock.tick(SESSION_VALID.total_seconds())
    await house.bench.console.passes.forget_old()
    assert await house.bench.rows("console_pass") == []


# --- where it listens -----------------------------------------------------------------------------


def config(**changed: Any) -> BrowserConfig:
    plain: dict[str, Any] = {"host": "127.0.0.1", "port": 8080, "address": ADDRESS, "key": b"k"}
    return BrowserConfig(**(plain | changed))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_on_this_machine_it_needs_nothing(host: str) -> None:
    config(host=host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "192.168.1.2", "house", ""])  # noqa: S104
def test_elsewhere_it_refuses_without_tls_or_a_proxy(host: str, tmp_path: Path) -> None:
    https = "https://house.example"
    with pytest.raises(ConfigurationError, match="HOUSEVOICE_CONSOLE_PROXIES"):
        config(host=host, address=https)
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).touch()
    tls = {"certificate": tmp_path / "cert.pem", "private_key": tmp_path / "key.pem"}
    config(host=host, address=https, **tls)
    config(host=host, address=https, proxies=("10.0.0.2",))
    with pytest.raises(ConfigurationError, match="https://"):
        config(host=host, proxies=("10.0.0.2",))


def test_half_of_tls_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="takes both"):
        config(certificate=tmp_path / "cert.pem")
    with pytest.raises(ConfigurationError, match="is not there"):
        config(certificate=tmp_path / "cert.pem", private_key=tmp_path / "key.pem")


@pytest.mark.parametrize("proxy", ["*", "proxy.example", "10.0.0.0/99", ""])
def test_a_proxy_is_named_by_its_address(proxy: str) -> None:
    with pytest.raises(ConfigurationError, match="PROXIES"):
        config(proxies=(proxy,))


@pytest.mark.parametrize("typed", ["8080", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", ":80"])
def test_a_place_to_listen_has_an_address_and_a_port(typed: str) -> None:
    with pytest.raises(ConfigurationError, match="HOUSEVOICE_CONSOLE"):
        host_and_port(typed)
    assert host_and_port("[::1]:81") == ("::1", 81)


async def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    async with open_house(tmp_path, {"port": 0}) as house:
        await house.adapter.connect()
        try:
            taken = config(port=house.adapter.port)
            other = type(house.adapter)(taken, house.bench.console)
            with pytest.raises(ConfigurationError, match="Choose another place"):
                await other.connect()
            await other.close()
        finally:
            await house.adapter.close()


def test_the_signing_key_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    key = signing_key(tmp_path)
    assert len(key) == 32 and signing_key(tmp_path) == key
    assert [each.name for each in tmp_path.iterdir()] == ["console.key"]
