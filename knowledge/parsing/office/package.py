"""Office files as packages of XML parts: what is stated about a part, and the Strict dialect."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import Any

_STRICT = b"http://purl.oclc.org/ooxml/"
_STRICT_NAME = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")
_RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


def transitional(content: bytes) -> bytes:
    """An Office file in Strict Open XML with the names that all libraries read; others as they are.

    Excel and Word write that dialect if asked to; ISO/IEC 29500-1 and -4 differ in namespaces
    where it concerns text.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        start = next(
            (
                name
                for name in names
                if name.endswith(("workbook.xml", "word/document.xml", "presentation.xml"))
            ),
            None,
        )
        if start is None or _STRICT not in archive.read(start)[:20_000]:
            return content
        rewritten = io.BytesIO()
        with zipfile.ZipFile(rewritten, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy:
            for name in dict.fromkeys(names):
                part = archive.read(name)
                if name.endswith((".xml", ".rels")):
                    part = _STRICT_NAME.sub(rb"http://schemas.openxmlformats.org/\1/2006/", part)
                copy.writestr(name, part)
        return rewritten.getvalue()


def related(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """What a part refers to: by id, the last word of the kind, and the target.

    Targets inside the file are part names, others addresses.
    """
    folder, name = posixpath.split(part)
    try:
        content = archive.read(f"{folder}/_rels/{name}.rels")
    except KeyError:
        return {}
    found = {}
    for relation in parsed_xml(content).iter(_RELATION):
        target = relation.get("Target", "")
        if relation.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join(folder, target)).lstrip("/")
        kind = relation.get("Type", "").rpartition("/")[2]
        found[relation.get("Id", "")] = (kind, target)
    return found


def parsed_xml(content: bytes) -> Any:
    """The root element; entities are not resolved, nothing is fetched."""
    from lxml import etree

    return etree.fromstring(content, _parser())


def xml_elements(archive: zipfile.ZipFile, part: str, *names: str) -> Iterator[Any]:
    """The elements of these names at their ends, each freed once it was looked at."""
    from lxml import etree

    with archive.open(part) as stream:
        for _, element in etree.iterparse(
            stream, tag=names, resolve_entities=False, no_network=True
        ):
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]


def _parser() -> Any:
    from lxml import etree

    return etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
