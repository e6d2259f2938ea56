"""A run is a release: what looks wrong is not seen, and an admin's word or none decides."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from knowledge.errors import SourceError
from knowledge.library.release.golden import GoldenQuestion
from tests.kit.releases import LOGIN, NOT_THERE, SHELF, Releases, opened_releases

LONG = "The orchard has many trees, and each of them is looked after by somebody who likes it. "
GERMAN = "Der Obstgarten hat viele Bäume, und um jeden kümmert sich jemand, der ihn gern hat. "
TEN = tuple(f"page{n}" for n in range(10))


@pytest_asyncio.fixture
async def releases(tmp_path: Path) -> AsyncIterator[Releases]:
    async with opened_releases(tmp_path) as opened:
        yield opened


async def added(releases: Releases, *names: str) -> str:
    """The shelf's id, once these were read from it."""
    releases.put(*names)
    spec, report = await releases.library.add(SHELF)
    assert report.added == len(names) and report.held == ()
    return spec.id


class TestDeletions:
    async def test_up_to_a_share_go_without_asking(self, releases: Releases) -> None:
        source = await added(releases, *TEN)
        releases.take_away("page0", "page1")
        report = await releases.library.refresh(source)
        assert (report.removed, report.held) == (2, ())
        assert len(await releases.held()) == 8

    async def test_over_it_they_wait_and_everything_else_does_not(self, releases: Releases) -> None:
        source = await added(releases, *TEN)
        releases.take_away("page0", "page1", "page2")
        releases.put("new", "page9", text=lambda name: f"More about {name}.")
        report = await releases.library.refresh(source)
        assert (report.added, report.changed, report.removed) == (1, 1, 0)
        assert ["3 of 10" in each for each in report.held] == [True]
        found = await releases.held()
        assert len(found) == 11 and found["page9.md"] == "More about page9."
        [run, _] = await releases.library.runs(source)
        assert run.state == "waiting"

    async def test_approving_removes_them(self, releases: Releases) -> None:
        source = await added(releases, *TEN)
        releases.take_away("page0", "page1", "page2")
        await releases.library.refresh(source)
        report = await releases.library.approve(source)
        assert report is not None and (report.removed, report.held) == (3, ())
        assert len(await releases.held()) == 7
        [run, _] = await releases.library.runs(source)
        assert (run.state, run.report) == ("done", report)
        assert await releases.library.approve(source) is None

    async def test_rejecting_keeps_them_and_they_are_not_asked_about_again(
        self, releases: Releases
    ) -> None:
        source = await added(releases, *TEN)
        releases.take_away("page0", "page1", "page2")
        await releases.library.refresh(source)
        assert await releases.library.reject(source) == 3
        report = await releases.library.refresh(source)
        assert report.held == () and set(report.quarantined) == {"page0.md", "page1.md", "page2.md"}
        assert len(await releases.held()) == 10
        releases.put("page0")  # it comes back, as it was
        report = await releases.library.refresh(source)
        assert set(report.quarantined) == {"page1.md", "page2.md"} and report.unchanged == 8

    @pytest.mark.parametrize("left", [(), ("page0",)])
    async def test_an_empty_or_tiny_list_takes_nothing_away(
        self, releases: Releases, left: tuple[str, ...]
    ) -> None:
        source = await added(releases, *TEN)
        releases.take_away(*(set(TEN) - set(left)))
        report = await releases.library.refresh(source)
        assert report.removed == 0 and "The source lists" in report.held[0]
        assert len(await releases.held()) == 10
        releases.put(*TEN)  # the next night all is well
        report = await releases.library.refresh(source)
        assert (report.unchanged, report.held) == (10, ())
        assert await releases.library.approve(source) is None

    async def test_the_owner_is_told_once(self, releases: Releases) -> None:
        releases.put(*TEN)
        spec, _ = await releases.library.add(SHELF, by="office:user:ann")
        releases.take_away(*TEN[:5])
        for _ in range(3):
            await releases.library.refresh(spec.id)
        [notice] = await releases.library.notices.pending()
        assert (notice.kind, notice.audience) == ("waiting", "office:user:ann")
        assert "5 of 10" in notice.text
        await releases.library.notices.delivered([notice.id], releases.now)
        assert await releases.library.notices.pending() == []

    async def test_what_an_admin_leaves_out_by_hand_does_not_wait(
        self, releases: Releases, tmp_path: Path
    ) -> None:
        folder = tmp_path / "docs"
        folder.mkdir()
        for n in range(10):
            (folder / f"{n}.md").write_text(f"Page {n}.")
        await releases.library.add(str(folder))
        _, report = await releases.library.add(str(folder), options={"exclude": ["[0-6].md"]})
        assert (report.removed, report.held) == (7, ())

    async def test_another_share_can_be_set(self, tmp_path: Path) -> None:
        async with opened_releases(tmp_path, share=0.5) as releases:
            source = await added(releases, *TEN)
            releases.take_away(*TEN[:5])
            assert (await releases.library.refresh(source)).removed == 5


class TestQuarantine:
    @pytest.mark.parametrize(
        ("before", "now", "said"),
        [
            ("All about pears.", LOGIN, "asks to sign in"),
            ("All about pears.", NOT_THERE, "was not found"),
            (LONG * 60, LONG * 3, "characters"),
            (LONG * 30, LONG * 600, "characters"),
            (LONG * 40, GERMAN * 40, "in en and is now in de"),
        ],
        ids=["login", "soft-404", "shrunk", "grown", "language"],
    )
    async def test_what_looks_wrong_is_not_shown_and_the_version_before_it_is(
        self, releases: Releases, before: str, now: str, said: str
    ) -> None:
        source = await added(releases, "pears")
        releases.put("pears", text=lambda _: before)
        await releases.library.refresh(source)
        shown = await releases.held()
        releases.put("pears", text=lambda _: now)
        releases.put("plums")
        for _ in range(2):  # the second night it is neither parsed nor embedded again
            releases.embedder.embedded.clear()
            report = await releases.library.refresh(source)
            assert said in report.quarantined["pears.md"]
            assert (await releases.held())["pears.md"] == shown["pears.md"]
        assert [t for t in releases.embedder.embedded if "anything" not in t] == []
        releases.put("pears", text=lambda _: before)
        report = await releases.library.refresh(source)
        assert report.quarantined == {} and (report.unchanged, report.changed) == (2, 0)

    async def test_a_jump_is_shown_when_it_is_approved(self, releases: Releases) -> None:
        source = await added(releases, "pears")
        releases.put("pears", text=lambda _: LONG * 60)
        await releases.library.refresh(source)
        releases.put("pears", text=lambda _: LONG)
        await releases.library.refresh(source)
        report = await releases.library.approve(source)
        assert report is not None and (report.changed, report.quarantined) == (1, {})
        assert (await releases.held())["pears.md"].strip() == LONG.strip()
        assert (await releases.library.refresh(source)).unchanged == 1

    async def test_a_page_that_is_gone_goes_when_it_is_approved(self, releases: Releases) -> None:
        source = await added(releases, "pears", "plums")
        releases.put("pears", text=lambda _: NOT_THERE)
        await releases.library.refresh(source)
        report = await releases.library.approve(source)
        assert report is not None and report.removed == 1
        assert await releases.held() == {"plums.md": "All about plums."}

    async def test_at_first_it_is_told_and_there_is_nothing_to_show(
        self, releases: Releases
    ) -> None:
        releases.put("pears", text=lambda _: LOGIN)
        _, report = await releases.library.add(SHELF)
        assert "sign in" in report.skipped["pears.md"] and report.quarantined == {}

    async def test_what_is_closed_is_never_held_back(self, releases: Releases) -> None:
        """A new version for fewer people takes the place of one for more, however it looks."""
        source = await added(releases, "pears")
        releases.put("pears", text=lambda _: LONG * 60)
        await releases.library.refresh(source)
        closed = f"---\naccess: [role:board]\n---\n{LONG}"
        releases.put("pears", text=lambda _: closed)
        report = await releases.library.refresh(source)
        assert report.quarantined == {} and report.changed == 1
        assert await releases.held() == {} and len(await releases.held("role:board")) == 1

    async def test_a_login_page_in_place_of_what_was_closed_meanwhile_shows_nothing(
        self, releases: Releases
    ) -> None:
        source = await added(releases, "pears", "plums")
        releases.shelf.access["pears.md"] = frozenset({"role:board"})
        releases.put("pears", text=lambda _: LOGIN)
        report = await releases.library.refresh(source)
        assert "pears.md" in report.skipped
        assert list(await releases.held()) == ["plums.md"]

    async def test_what_ran_out_goes_though_much_else_waits(self, releases: Releases) -> None:
        offer = "---\nvalid_until: 2026-03-02\n---\nCheap pears."
        releases.put("offer", text=lambda _: offer)
        source = await added_beside(releases)
        releases.take_away(*TEN[:5])
        releases.next_day()
        report = await releases.library.refresh(source)
        assert report.held and "offer.md" in report.skipped
        assert "offer.md" not in await releases.held() and len(await releases.held()) == 10


async def added_beside(releases: Releases) -> str:
    """The shelf's id, once the ten pages were read beside what is there."""
    releases.put(*TEN)
    spec, _ = await releases.library.add(SHELF)
    return spec.id


class TestGoldenQuestions:
    QUESTION = "Where do the bergamots grow?"
    ANSWER = "The bergamots grow in the glass house."

    async def held_to(self, releases: Releases, **where: str) -> str:
        releases.put("trees", text=lambda _: f"## Bergamots\n\n{self.ANSWER}")
        releases.put("plums")
        spec, _ = await releases.library.add(SHELF)
        await releases.library.golden.add(GoldenQuestion(self.QUESTION, spec.id, **where))  # type: ignore[arg-type]
        return spec.id

    @pytest.mark.parametrize(
        "where", [{}, {"document": "trees.md"}, {"document": "trees.md", "section": "bergamots"}]
    )
    async def test_a_change_that_loses_an_answer_waits_as_a_whole(
        self, releases: Releases, where: dict[str, str]
    ) -> None:
        source = await self.held_to(releases, **where)
        releases.put("trees", text=lambda _: "Nothing is said here any more.")
        releases.put("plums", text=lambda _: "Plums are blue.")
        report = await releases.library.refresh(source)
        assert (report.changed, report.added) == (0, 0)
        assert self.QUESTION in report.held[0]
        assert self.ANSWER in (await releases.held())["trees.md"]
        assert (await releases.held())["plums.md"] == "All about plums."
        report = (await releases.library.approve(source)) or report
        assert report.changed == 2
        assert (await releases.held())["plums.md"] == "Plums are blue."

    async def test_a_change_that_keeps_it_does_not_wait(self, releases: Releases) -> None:
        source = await self.held_to(releases, document="trees.md")
        releases.put("trees", text=lambda _: f"Trees.\n\n## Bergamots\n\nToday {self.ANSWER}")
        assert (await releases.library.refresh(source)).held == ()

    async def test_an_answer_that_moved_is_enough_unless_its_place_was_named(
        self, releases: Releases
    ) -> None:
        source = await self.held_to(releases)
        releases.put("citrus", text=lambda _: f"## Bergamots\n\n{self.ANSWER}")
        releases.take_away("trees")
        assert (await releases.library.refresh(source)).held == ()
        spec = await releases.library.find(source)
        await releases.library.golden.add(
            GoldenQuestion(self.QUESTION, spec.id, document="citrus.md")
        )
        releases.put("moved", text=lambda _: f"## Bergamots\n\n{self.ANSWER}")
        releases.take_away("citrus")
        assert (await releases.library.refresh(source)).held != ()

    async def test_what_was_not_answered_before_cannot_be_broken(self, releases: Releases) -> None:
        source = await added(releases, "plums")
        await releases.library.golden.add(GoldenQuestion("Where do kiwis grow?", source))
        releases.put("plums", text=lambda _: "Plums are blue.")
        assert (await releases.library.refresh(source)).held == ()

    async def test_what_people_found_well_answered_counts_too(self, releases: Releases) -> None:
        source = await self.held_to(releases)
        [question] = await releases.library.golden.all()
        await releases.library.golden.remove(question.id)
        releases.rated = [GoldenQuestion(self.QUESTION, source, origin="rated")]
        releases.put("trees", text=lambda _: "Nothing is said here any more.")
        assert self.QUESTION in (await releases.library.refresh(source)).held[0]

    async def test_answers_for_few_people_are_looked_for_among_what_they_may_read(
        self, releases: Releases
    ) -> None:
        releases.put("trees", text=lambda _: f"---\naccess: [role:board]\n---\n{self.ANSWER}")
        spec, _ = await releases.library.add(SHELF)
        await releases.library.golden.add(GoldenQuestion(self.QUESTION, spec.id))
        releases.put("trees", text=lambda _: "---\naccess: [role:board]\n---\nNothing.")
        assert (await releases.library.refresh(spec.id)).held != ()

    async def test_are_kept_once_and_for_documents_that_are_there(self, releases: Releases) -> None:
        source = await self.held_to(releases)
        golden = releases.library.golden
        with pytest.raises(SourceError, match="there already, as number 1"):
            await golden.add(GoldenQuestion(f" {self.QUESTION} ", source))
        with pytest.raises(SourceError, match=r"no document 'x\.md'"):
            await golden.add(GoldenQuestion("Who?", source, "x.md"))
        with pytest.raises(SourceError, match="Give the question"):
            await golden.add(GoldenQuestion("  ", source))
        with pytest.raises(SourceError, match="no golden question 7"):
            await golden.remove(7)
        await releases.library.remove(source)
        assert await golden.all() == []


class TestAddingAGoldenQuestion:
    @pytest.mark.parametrize(
        ("question", "document", "section", "is_answered"),
        [
            ("pears", "", "", True),
            ("pears", "pears.md", "", True),
            ("pears", "plums.md", "", False),
            ("pears", "", "No such heading", False),
            ("bicycles", "", "", False),
        ],
    )
    async def test_tells_whether_it_is_answered_there_now(
        self, releases: Releases, question: str, document: str, section: str, is_answered: bool
    ) -> None:
        source = await added(releases, "pears", "plums")
        golden = releases.library.golden
        kept = await golden.add(GoldenQuestion(question, source, document, section))
        assert await golden.is_answered(kept) is is_answered

    async def test_one_whose_answer_only_some_may_read_is_answered(
        self, releases: Releases
    ) -> None:
        releases.shelf.access["pears.md"] = frozenset({"role:board"})
        source = await added(releases, "pears")
        assert await releases.library.golden.is_answered(GoldenQuestion("pears", source))

    @pytest.mark.parametrize(
        ("typed", "told"),
        [("  ", "Give the question"), ("?!", "Give the question"), ("pears " * 100, "at most 500")],
    )
    async def test_refuses_what_is_no_question(
        self, releases: Releases, typed: str, told: str
    ) -> None:
        source = await added(releases, "pears")
        with pytest.raises(SourceError, match=told):
            await releases.library.golden.add(GoldenQuestion(typed, source))
        assert await releases.library.golden.all() == []

    @pytest.mark.parametrize("number", [0, -1, 7, 10**30])
    async def test_one_that_is_not_there_cannot_be_removed(
        self, releases: Releases, number: int
    ) -> None:
        with pytest.raises(SourceError, match="There is no golden question"):
            await releases.library.golden.remove(number)
