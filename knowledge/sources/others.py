"""What lies beside documents and is none: told by its extension, and only counted in a report."""

from __future__ import annotations

from pathlib import PurePosixPath

_KINDS = {
    "pictures": "ai apng avif bmp cur eps gif heic ico jpeg jpg png psd svg tif tiff webp xcf",
    "fonts": "eot otf ttc ttf woff woff2",
    "scripts": "bash bat c cc cjs cmd cpp cs css dll exe go h hpp ipynb jar java js jsx kt lua map "
    "mjs mts pl php ps1 py pyc r rb rs sass scss sh so sql swift ts tsx vue wasm",
    "recordings": "aac avi flac m4a m4v mkv mov mp3 mp4 mpeg mpg ogg opus srt vtt wav webm wma",
    "archives": "7z bz2 dmg gz iso rar tar tgz xz zip",
    "data files": "bib bin cfg conf dat db env ini json json5 jsonl lock log ndjson npy parquet "
    "pickle plist properties sqlite toml tsbuildinfo xml yaml yml",
    "drawings": "drawio dwg dxf excalidraw fig sketch skp step stl vsd vsdx",
}
_BY_EXTENSION = {ending: kind for kind, endings in _KINDS.items() for ending in endings.split()}


def kind_of(path: str) -> str:
    """The kind of a file that is no document, plural; ``""`` for what people may take for one."""
    name = PurePosixPath(path)
    if not name.suffix:
        return "files without an extension"
    return _BY_EXTENSION.get(name.suffix[1:].lower(), "")
