"""What Office files have in common: their properties, and dates that never change."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO

from samples.documents.content import COMPANY, DATE

ZIP_DATE = (2025, 11, 3, 9, 0, 0)


def set_properties(properties: object, title: str) -> None:
    """Set the title, author and dates of a Word or PowerPoint file."""
    values = {
        "title": title,
        "author": COMPANY,
        "last_modified_by": COMPANY,
        "comments": "",
        "keywords": "handbook",
        "revision": 1,
        "created": DATE.replace(tzinfo=None),
        "modified": DATE.replace(tzinfo=None),
    }
    for name, value in values.items():
        setattr(properties, name, value)


def fix_dates(data: bytes) -> bytes:
    """Return an Office file again with fixed dates, so that a rerun gives the same bytes."""
    modified = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
    stamp = DATE.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = modified.sub(rb"\g<1>" + stamp, content)
            info = zipfile.ZipInfo(name, date_time=ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            new.writestr(info, content)
    return out.getvalue()
