"""Files of a question: found in their conversation only, bounded, and named."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from knowledge.library import attachments
from knowledge.library.attachment_files import tidy_name
from knowledge.types import PUBLIC, Attachment, attachment_source, conversation_principal
from tests.kit.chat_files import HERE, MAX_BYTES, THERE, Room, open_room, reasons
from tests.kit.documents import docx_file, pdf_file
from tests.kit.web_site import Answer, running_site

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
SIGN_IN = "<!DOCTYPE html><html><body><form>Sign in to your workspace</form></body></html>"


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as room:
        yield room


class TestWhoFindsIt:
    async def test_only_questions_of_its_conversation(self, room: Room) -> None:
        file = room.file("budget.txt", "The secret budget is nine million.")
        assert reasons(await room.reader().read(HERE, [file])) == {}

        assert await room.found("secret budget", PUBLIC, conversation_principal(HERE)) == [
            "budget.txt"
        ]
        for others in ((PUBLIC,), (PUBLIC, conversation_principal(THERE)), (HERE,), ()):
            assert await room.found("secret budget", *others) == []

    async def test_each_conversation_has_its_own(self, room: Room) -> None:
        await room.reader().read(HERE, [room.file("plan.txt", "We move to Lisbon.")])
        await room.reader().read(THERE, [room.file("plan.txt", "We move to Porto.")])

        assert [p.text for p in await room.passages(HERE)] == ["We move to Lisbon."]
        assert [p.text for p in await room.passages(THERE)] == ["We move to Porto."]

    async def test_a_file_cannot_widen_or_narrow_its_access_by_itself(self, room: Room) -> None:
        text = "---\naccess: [public, role:hr]\nvalid_until: 2001-01-01\n---\nNine million.\n"
        assert reasons(await room.reader().read(HERE, [room.file("a.md", text)])) == {}

        (kept,) = await room.passages()
        assert kept.access == {conversation_principal(HERE)}
        assert await room.found("million", PUBLIC, "role:hr") == []

    async def test_it_has_no_address_that_could_be_passed_on(self, room: Room) -> None:
        file = room.file("a.pdf", pdf_file(["# Fees\nA visa costs ninety."]))
        signed = Attachment(file.name, file.url + "?sig=token", headers={"Authorization": "x"})
        await room.reader().read(HERE, [signed])

        assert [p.url for p in await room.passages()] == [""]
        assert "token" not in repr(signed) and "Authorization" not in repr(signed)


class TestWhatIsRead:
    @pytest.mark.parametrize(
        ("name", "body", "content_type"),
        [
            ("a.pdf", pdf_file(["# Fees\nA visa costs ninety."]), "application/pdf"),
            ("a.txt", b"A visa costs ninety.", None),
            ("a.md", b"# Fees\n\nA visa costs ninety.", "text/plain"),
            ("a.html", b"<html><body><p>A visa costs ninety.</p></body></html>", "text/html"),
            ("a.csv", b"What,Cost\nA visa,ninety costs\n", "text/csv"),
            ("error.log", b"WARN a visa costs ninety", "text/x-log; charset=utf-8"),
            ("setup.yaml", b"visa:\n  costs: ninety\n", None),
            ("visa", b"A visa costs ninety.", "application/octet-stream"),
            ("old.txt", "A visa für ninety costs".encode("cp1252"), "text/plain"),
        ],
    )
    async def test_documents_and_all_kinds_of_text(
        self, room: Room, name: str, body: bytes, content_type: str | None
    ) -> None:
        file = room.file(name, body, content_type=content_type, size=len(body))
        assert reasons(await room.reader().read(HERE, [file])) == {}
        assert await room.found("visa costs ninety", conversation_principal(HERE)) == [name]

    async def test_word_documents(self, room: Room) -> None:
        file = room.file("travel.docx", docx_file())
        assert await room.reader(max_bytes=10**6).read(HERE, [file]) == {}
        assert await room.found("hotel inn", conversation_principal(HERE)) == ["travel.docx"]

    async def test_it_is_cut_and_embedded_as_any_document(self, room: Room) -> None:
        text = "---\ntitle: Fees\n---\n# Visa\n\n" + "It costs ninety. " * 200
        assert reasons(await room.reader().read(HERE, [room.file("fees.md", text)])) == {}

        kept = await room.passages()
        assert len(kept) > 2
        assert {p.source for p in kept} == {attachment_source(HERE)}
        assert {p.context for p in kept} == {"Fees › Visa"}
        assert room.embedder.embedded[0].startswith("Fees › Visa\nIt costs ninety.")

    async def test_credentials_go_to_its_own_server_only(self, room: Room) -> None:
        async with running_site() as elsewhere:
            elsewhere.serve("/moved", "A visa costs ninety.")
            moved = {"Location": elsewhere.url("/moved")}
            room.site.pages["/file"] = lambda _request: Answer(b"", 302, moved)
            file = Attachment(
                "a.txt", room.site.url("/file"), headers={"Authorization": "Bearer xoxb"}
            )
            assert reasons(await room.reader().read(HERE, [file])) == {}
            assert room.site.requests[0].headers["authorization"] == "Bearer xoxb"
            assert "authorization" not in elsewhere.requests[0].headers

    async def test_a_question_without_files_touches_nothing(self, room: Room) -> None:
        assert reasons(await room.reader().read(HERE, [])) == {}
        assert await room.entries() == []


class TestWhatIsNotRead:
    @pytest.mark.parametrize(
        ("name", "content_type", "reason"),
        [
            ("photo.png", None, "Images are not read."),
            ("photo.heic", "image/heic", "Images are not read."),
            ("memo.mp3", "audio/mpeg", "Sound is not read."),
            ("demo.mp4", "video/mp4; codecs=x", "Videos are not read."),
        ],
    )
    async def test_pictures_and_sound_are_not_even_fetched(
        self, room: Room, name: str, content_type: str | None, reason: str
    ) -> None:
        file = room.file(name, PNG, content_type=content_type)
        assert reasons(await room.reader().read(HERE, [file])) == {name: reason}
        assert room.site.requests == []

    @pytest.mark.parametrize(
        ("name", "body", "reason"),
        [
            ("a.bin", bytes(99), "The file holds binary data, not text, whatever its name says."),
            ("a.rtf", b"{\\rtf1 Hello}", "Files of the type .rtf cannot be read."),
            ("a.pdf", b"no pdf", "The file should be a PDF but is not one: it is damaged or"),
            ("a.txt", b" \n", "The file is empty."),
            ("a.pdf", pdf_file([""]), "The PDF has no text, only pictures: it may be a scan."),
            ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "The file is in the old Office format"),
        ],
    )
    async def test_what_cannot_be_parsed_says_why_in_one_sentence(
        self, room: Room, name: str, body: bytes, reason: str
    ) -> None:
        unread = reasons(await room.reader().read(HERE, [room.file(name, body)]))
        assert list(unread) == [name]
        told = unread[name]
        assert told.startswith(reason)
        assert told.endswith(".") and "again" not in told
        assert await room.store.count() == 0 and await room.entries() == []

    async def test_a_picture_that_only_its_server_knows_as_one(self, room: Room) -> None:
        file = room.file("scan", PNG, served="image/png")
        assert reasons(await room.reader().read(HERE, [file])) == {"scan": "Images are not read."}

    @pytest.mark.parametrize(
        ("status", "reason"),
        [
            (404, "It is not there any more."),
            (410, "It is not there any more."),
            (401, "The bot is not allowed to open it."),
            (403, "The bot is not allowed to open it."),
            (500, "It could not be fetched (error 500)."),
            (204, "It could not be fetched (error 204)."),
        ],
    )
    async def test_an_error_of_its_server(self, room: Room, status: int, reason: str) -> None:
        file = room.file("a.txt", "Not found", status=status)
        assert reasons(await room.reader().read(HERE, [file])) == {"a.txt": reason}
        assert await room.store.count() == 0

    @pytest.mark.parametrize(
        ("name", "of"),
        [
            ("a.pdf", {"content_type": "application/pdf"}),
            ("a.txt", {"content_type": "text/plain"}),
            ("a.txt", {}),
            ("a", {"content_type": "application/octet-stream"}),
            ("a.html", {"content_type": "text/html", "size": 9}),
            ("a.htm", {"size": 9}),
        ],
    )
    async def test_a_sign_in_page_is_not_taken_for_the_file(
        self, room: Room, name: str, of: dict[str, Any]
    ) -> None:
        file = room.file(name, SIGN_IN, served="text/html; charset=utf-8", **of)
        assert reasons(await room.reader().read(HERE, [file])) == {
            name: "The bot is not allowed to open it."
        }
        assert await room.store.count() == 0

    async def test_a_web_page_that_was_sent_is_taken_for_the_file(self, room: Room) -> None:
        page = "<!DOCTYPE html><html><body><p>Sign in at the front desk.</p></body></html>"
        file = room.file("a.html", page, served="text/html", size=len(page))
        assert reasons(await room.reader().read(HERE, [file])) == {}
        assert [p.text for p in await room.passages()] == ["Sign in at the front desk."]

    @pytest.mark.parametrize("size", [MAX_BYTES + 1, None, 3])
    async def test_a_large_file_whatever_size_was_stated(
        self, room: Room, size: int | None
    ) -> None:
        file = room.file("a.txt", "x" * (MAX_BYTES + 1), size=size)
        reason = "It is larger than the 0.048 MB that are read."
        assert reasons(await room.reader().read(HERE, [file])) == {"a.txt": reason}
        assert len(room.site.requests) == (0 if size == MAX_BYTES + 1 else 1)

    async def test_a_file_on_a_forbidden_address(self, room: Room) -> None:
        unread = await room.reader().read(
            HERE,
            [
                Attachment("a.txt", "http://169.254.169.254/latest"),
                Attachment("b.txt", "file:///x"),
            ],
        )
        assert reasons(unread) == dict.fromkeys(["a.txt", "b.txt"], "It could not be fetched.")

    async def test_more_text_than_somebody_waits_for(
        self, room: Room, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(attachments, "MAX_CHARACTERS", 100)
        unread = reasons(await room.reader().read(HERE, [room.file("a.txt", "word " * 30)]))
        assert unread["a.txt"].startswith("It is too long")
        assert room.embedder.embedded == []

    async def test_a_small_file_that_unpacks_to_a_huge_one(self, room: Room) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("word/document.xml", b" " * (attachments.MAX_GROWTH + 100_000))
        assert len(packed.getvalue()) < MAX_BYTES
        unread = reasons(await room.reader().read(HERE, [room.file("a.docx", packed.getvalue())]))
        assert unread == {"a.docx": "It unpacks to more than is read along with a question."}

    async def test_a_damaged_package(self, room: Room) -> None:
        unread = reasons(
            await room.reader().read(HERE, [room.file("a.docx", b"PK\x03\x04" + bytes(50))])
        )
        assert unread["a.docx"].startswith("The file is damaged")

    async def test_files_beyond_the_number_that_is_read(self, room: Room) -> None:
        files = [room.file(f"{n}.txt", f"Number {n}.", at=f"/{n}") for n in range(4)]
        unread = reasons(await room.reader(max_files=2).read(HERE, files))
        reason = "No more than 2 files of a message are read."
        assert unread == {"2.txt": reason, "3.txt": reason}
        assert await room.entries() == ["0.txt", "1.txt"]

    async def test_a_server_that_never_answers_holds_nothing_up(self, room: Room) -> None:
        never = asyncio.Event()
        quick = room.file("quick.txt", "Quick.", at="/quick")
        room.site.pages["/slow"] = lambda _request: Answer(b"late", pause=never.wait)
        slow = Attachment("slow.txt", room.site.url("/slow"))

        await room.reader().read(HERE, [quick])
        unread = reasons(await room.reader(max_seconds=0.1).read(HERE, [slow]))

        assert unread == {"slow.txt": "It takes too long to read."}
        assert await room.entries() == ["quick.txt"]
        never.set()

    async def test_a_failure_of_our_own_is_not_told_as_the_files(
        self, room: Room, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(_: object) -> None:
            raise TimeoutError("the embedder's own")

        monkeypatch.setattr(room.embedder, "embed_passages", fail)
        with pytest.raises(TimeoutError, match="own"):
            await room.reader().read(HERE, [room.file("a.txt", "Bees hum.")])

    async def test_the_others_are_read_all_the_same(self, room: Room) -> None:
        files = [
            room.file("a.png", PNG, at="/a"),
            room.file("b.txt", "Bees hum.", at="/b"),
            room.file("c.txt", "", at="/c", status=404),
            room.file("d.txt", "Dogs bark.", at="/d"),
        ]
        assert list(await room.reader().read(HERE, files)) == ["a.png", "c.txt"]
        assert [p.document for p in await room.passages()] == ["b.txt", "d.txt"]


class TestNames:
    async def test_two_files_of_one_name_are_both_kept(self, room: Room) -> None:
        first = room.file("notes.txt", "Bees hum.", at="/1")
        second = room.file("notes.txt", "Dogs bark.", at="/2")
        assert reasons(await room.reader().read(HERE, [first, second])) == {}
        third = room.file("notes.txt", "Cats purr.", at="/3")
        assert reasons(await room.reader().read(HERE, [third])) == {}

        assert {p.document: p.text for p in await room.passages()} == {
            "notes.txt": "Bees hum.",
            "notes (2).txt": "Dogs bark.",
            "notes (3).txt": "Cats purr.",
        }

    async def test_two_unread_files_of_one_name_are_both_told(self, room: Room) -> None:
        files = [room.file("a.png", at="/1"), room.file("a.png", at="/2", status=404)]
        assert list(await room.reader().read(HERE, files)) == ["a.png", "a (2).png"]

    async def test_the_same_file_sent_twice_is_kept_once(self, room: Room) -> None:
        files = [room.file("notes.txt", "Bees hum.", at=at) for at in ("/1", "/2")]
        assert reasons(await room.reader().read(HERE, files)) == {}
        before = await room.passages()
        assert reasons(await room.reader().read(HERE, files[1:])) == {}

        assert await room.passages() == before
        assert await room.entries() == ["notes.txt"]
        assert await room.store.count() == 1

    async def test_many_of_one_name_at_once_get_a_name_each(self, room: Room) -> None:
        files = [room.file("n.txt", f"Number {n}.", at=f"/{n}") for n in range(6)]
        readers = [room.reader() for _ in files]
        unread = await asyncio.gather(
            *(reader.read(HERE, [file]) for reader, file in zip(readers, files, strict=True))
        )
        assert unread == [{}] * 6
        assert sorted(p.text for p in await room.passages()) == [f"Number {n}." for n in range(6)]

    @pytest.mark.parametrize(
        ("given_name", "tidy"),
        [
            ("report.pdf", "report.pdf"),
            ("Jahresbericht (neu) – 2026.PDF", "Jahresbericht (neu) – 2026.PDF"),
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\pay.xlsx", "pay.xlsx"),
            ("a\x00b\n\tc\x1b[31m.txt", "ab c[31m.txt"),
            ("gnp\u202efdp.exe", "gnpfdp.exe"),
            ("half \ud800.txt", "half .txt"),
            ("", "file"),
            ("..", "file"),
            ("a/..", "file"),
            (" . ", "file"),
            (".env", ".env"),
            ("x" * 300 + ".docx", "x" * 94 + "….docx"),
            ("x" * 300, "x" * 99 + "…"),
        ],
    )
    def test_are_made_fit_to_show(self, given_name: str, tidy: str) -> None:
        assert tidy_name(given_name) == tidy

    @given(st.text(st.characters(codec=None), max_size=300))
    def test_that_are_fit_stay_as_they_are(self, name: str) -> None:
        tidy = tidy_name(name)
        assert tidy_name(tidy) == tidy
        assert 0 < len(tidy) <= 100
        assert tidy == tidy.strip() and "/" not in tidy and "\\" not in tidy
        assert tidy.isprintable()
        tidy.encode()

    async def test_any_name_can_be_read(self, room: Room) -> None:
        for number, name in enumerate(["../../x\x00", "", "\ud800", "n" * 5000, "a:b?*|<>"]):
            file = room.file(name, f"Number {number}.", at=f"/{number}")
            assert reasons(await room.reader().read(HERE, [file])) == {}
        assert len({p.document for p in await room.passages()}) == 5
