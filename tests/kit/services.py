"""Stand-ins for services that loaders read, with what loaders call of their documented APIs."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.kit.web_site import Answer, Request, Site


def _asked(request: Request) -> dict[str, str]:
    return {name: each[0] for name, each in parse_qs(urlsplit(request.target).query).items()}


def _told(body: Any, status: int = 200) -> Answer:
    return Answer(json.dumps(body).encode(), status, {"Content-Type": "application/json"})


class Confluence:
    """A space's pages (REST API of Confluence Data Center and Cloud, ``/rest/api/content``)."""

    def __init__(self, site: Site, token: str = "") -> None:
        self._site = site
        self._token = token
        self._titles: dict[str, str] = {}
        self.pages: dict[str, str] = {}
        """Id to storage format."""
        self.restricted: set[str] = set()
        site.pages["/rest/api/content"] = self._content

    def write(self, id: str, title: str, html: str) -> None:
        self.pages[id] = html
        self._titles[id] = title
        self._site.pages[f"/rest/api/content/{id}/restriction/byOperation"] = lambda _request: (
            self._restrictions(id)
        )

    def _content(self, request: Request) -> Answer:
        if self._token and request.headers.get("authorization") != f"Bearer {self._token}":
            return _told({"statusCode": 401, "message": "No"}, 401)
        asked = _asked(request)
        start, most = int(asked.get("start", 0)), int(asked.get("limit", 25))
        found = [
            {
                "id": id,
                "type": "page",
                "status": "current",
                "title": self._titles[id],
                "body": {"storage": {"value": html, "representation": "storage"}},
                "version": {"number": 1, "when": "2026-01-01T00:00:00.000Z"},
                "_links": {"webui": f"/display/DOCS/{id}"},
            }
            for id, html in self.pages.items()
        ]
        some = found[start : start + most]
        return _told({"results": some, "start": start, "limit": most, "size": len(some)})

    def _restrictions(self, id: str) -> Answer:
        users = [{"username": "ann"}] if id in self.restricted else []
        told = {"user": {"results": users}, "group": {"results": []}}
        return _told({"read": {"operation": "read", "restrictions": told}})


class Notion:
    """A database with pages (API version 2022-06-28: query a database, retrieve block children)."""

    def __init__(self, site: Site, database: str, token: str) -> None:
        self._site = site
        self._token = token
        self._pages: dict[str, str] = {}
        site.pages[f"/v1/databases/{database}/query"] = self._query

    def write(self, id: str, title: str, *paragraphs: str) -> None:
        self._pages[id] = title
        self._site.pages[f"/v1/blocks/{id}/children"] = lambda request: self._signed(
            request,
            {
                "object": "list",
                "has_more": False,
                "next_cursor": None,
                "results": [
                    {
                        "object": "block",
                        "id": f"{id}-{number}",
                        "type": "paragraph",
                        "has_children": False,
                        "paragraph": {"rich_text": [{"type": "text", "text": {"content": text}}]},
                    }
                    for number, text in enumerate(paragraphs)
                ],
            },
        )

    def _query(self, request: Request) -> Answer:
        """One page at a time, so that the cursor is used."""
        ids = list(self._pages)
        at = ids.index(json.loads(request.body).get("start_cursor", ids[0])) if ids else 0
        some = ids[at : at + 1]
        rest = ids[at + 1 :]
        return self._signed(
            request,
            {
                "object": "list",
                "has_more": bool(rest),
                "next_cursor": rest[0] if rest else None,
                "results": [
                    {
                        "object": "page",
                        "id": id,
                        "properties": {
                            "Name": {
                                "type": "title",
                                "title": [{"plain_text": self._pages[id]}],
                            }
                        },
                    }
                    for id in some
                ],
            },
        )

    def _signed(self, request: Request, body: Any) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self._token}":
            return _told({"object": "error", "status": 401, "code": "unauthorized"}, 401)
        return _told(body)


class Issues:
    """A project's issues with comments, two a page.

    ``github``: as GitHub's REST API has it (2022-11-28: list repository issues, which lists pull
    requests as well, and list issue comments). Else as GitLab's (v4: list project issues, list
    project issue notes).
    """

    def __init__(self, site: Site, token: str, *, github: bool) -> None:
        self._site = site
        self._token = token
        self._github = github
        self._issues: dict[int, Any] = {}
        self.place = "/repos/acme/app/issues" if github else "/api/v4/projects/7/issues"
        site.pages[self.place] = lambda request: self._paged(request, list(self._issues.values()))

    def write(self, number: int, title: str, body: str, *comments: str, **more: Any) -> None:
        below = f"{self.place}/{number}/{'comments' if self._github else 'notes'}"
        told = [{"id": n, "body": text} for n, text in enumerate(comments, 1)]
        at = f"2026-01-{len(comments) + 1:02}T00:00:00Z"
        issue: dict[str, Any] = {"title": title, "updated_at": at, **more}
        if self._github:
            issue |= {"number": number, "body": body, "comments": len(told)}
            issue |= {"html_url": f"https://github.com/acme/app/issues/{number}"}
            issue |= {"comments_url": self._site.url(below)}
        else:
            told.append({"id": 99, "body": "changed the label", "system": True})
            told.reverse()  # the newest come first
            issue |= {"iid": number, "description": body, "user_notes_count": len(comments)}
            issue |= {"web_url": f"https://gitlab.com/acme/app/-/issues/{number}"}
            issue |= {"_links": {"notes": self._site.url(below)}}
        self._issues[number] = issue
        self._site.pages[below] = lambda request: self._paged(request, told)

    def _paged(self, request: Request, all_: list[Any]) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self._token}":
            return _told({"message": "Bad credentials"}, 401)
        page = int(_asked(request).get("page", 1))
        answer = _told(all_[2 * page - 2 : 2 * page])
        if len(all_) > 2 * page:
            path = request.target.partition("?")[0]
            answer.headers["Link"] = f'<{self._site.url(path)}?page={page + 1}>; rel="next"'
        return answer


class HelpCentre:
    """Articles of a help centre, two a page (Zendesk's Help Center API: list articles).

    Pages come by cursor; drafts are listed to whoever signs in as an agent.
    """

    place = "/api/v2/help_center/en-us/articles.json"

    def __init__(self, site: Site, token: str) -> None:
        self._site = site
        self._signed = "Basic " + b64encode(f"bot@acme.example/token:{token}".encode()).decode()
        self._articles: dict[int, dict[str, Any]] = {}
        site.pages[self.place] = self._page

    def write(self, id: int, title: str, body: str, *, at: str, draft: bool = False) -> None:
        self._articles[id] = {
            "id": id,
            "title": title,
            "body": body,
            "html_url": f"https://acme.zendesk.com/hc/en-us/articles/{id}",
            "updated_at": at,
            "draft": draft,
        }

    def _page(self, request: Request) -> Answer:
        said = request.headers.get("authorization")
        if said not in (None, self._signed):
            return _told({"error": "Couldn't authenticate you"}, 401)
        listed = [each for each in self._articles.values() if said or not each["draft"]]
        asked = _asked(request)
        first = int(asked.get("page[after]", 0))
        rest = len(listed) > first + 2
        after = f"?page[size]=2&page[after]={first + 2}"
        return _told(
            {
                "articles": listed[first : first + 2],
                "meta": {"has_more": rest, "after_cursor": str(first + 2)},
                "links": {"next": self._site.url(self.place) + after if rest else None},
            }
        )


class Drive:
    """A folder of Google documents (Drive API v3: files.list, files.get, files.export)."""

    def __init__(self, site: Site, folder: str) -> None:
        self._site = site
        self._folder = folder
        self._names: dict[str, str] = {}
        site.pages["/token"] = self._token
        site.pages["/drive/v3/files"] = self._list

    def write(self, id: str, name: str, text: str) -> None:
        self._names[id] = name
        file = {"id": id, "name": name, "modifiedTime": "2026-01-01T00:00:00.000Z"}
        place = f"/drive/v3/files/{id}"
        self._site.pages[place] = lambda request: self._signed(request, _told(file))
        body = text.encode()
        span = {"Content-Range": f"bytes 0-{len(body) - 1}/{len(body)}"}
        self._site.pages[f"{place}/export"] = lambda request: self._signed(
            request, Answer(body, 200, {"Content-Type": "text/plain", **span})
        )

    def _list(self, request: Request) -> Answer:
        is_ours = _asked(request).get("q") == f"'{self._folder}' in parents"
        kind = "application/vnd.google-apps.document"
        files = [
            {"id": id, "name": name, "mimeType": kind, "parents": [self._folder], "trashed": False}
            for id, name in self._names.items()
            if is_ours
        ]
        return self._signed(request, _told({"files": files}))

    @staticmethod
    def _token(request: Request) -> Answer:
        is_asked = b"assertion=" in request.body  # RFC 7523: a signed claim for an access token
        return _told({"access_token": "ya29.x", "expires_in": 3600}, 200 if is_asked else 400)

    @staticmethod
    def _signed(request: Request, answer: Answer) -> Answer:
        is_known = request.headers.get("authorization") == "Bearer ya29.x"
        return answer if is_known else _told({"error": {"code": 401}}, 401)
