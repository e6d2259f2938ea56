"""Where the hosts of repositories show a file to people."""

from __future__ import annotations

from urllib.parse import quote, urlsplit


def page_of(repository: str, branch: str, path: str) -> str:
    """Where the repository's host shows a file, by how the known hosts build addresses."""
    place, host = repository.removesuffix("/").removesuffix(".git"), urlsplit(repository).netloc
    if "gitlab" in host:
        way = f"-/blob/{branch}"
    elif host == "bitbucket.org":
        way = f"src/{branch}"
    elif host == "codeberg.org" or "gitea" in host or "forgejo" in host:
        way = f"src/branch/{branch}"
    else:
        way = f"blob/{branch}"
    return f"{place}/{quote(way)}/{quote(path)}"
