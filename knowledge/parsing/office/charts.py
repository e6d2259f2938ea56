"""Charts of Office files: their title and the numbers they draw, as a table (DrawingML charts)."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import Any

from knowledge.parsing.office.number_formats import shown
from knowledge.parsing.office.package import parsed_xml, related
from knowledge.parsing.tables import write_table

_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
MAX_POINTS = 500
"""Points of one series; a longer one is a measurement, not something to look up."""
_MAX_CHARTS = 200


def charts_of_sheet(archive: zipfile.ZipFile, part: str) -> list[str]:
    """The charts on one worksheet, in the file's order."""
    found: list[str] = []
    for kind, drawing in related(archive, part).values():
        if kind == "drawing":
            found += charts_of_part(archive, drawing)
    return found


def charts_of_part(archive: zipfile.ZipFile, part: str) -> list[str]:
    """The charts that a drawing or document refers to."""
    targets = [target for kind, target in related(archive, part).values() if kind == "chart"]
    return [text for target in targets[:_MAX_CHARTS] if (text := chart_text(archive, target))]


def chart_text(archive: zipfile.ZipFile, part: str) -> str:
    """One chart as Markdown: its title, and a table of its categories and series."""
    try:
        chart = parsed_xml(archive.read(part))
    except KeyError:
        return ""
    return chart_markdown(chart)


def chart_markdown(chart: Any) -> str:
    """As :func:`chart_text`, of a parsed chart part."""
    heading = next(chart.iter(f"{_C}chart"), chart).find(f"{_C}title")
    title = _text(heading) if heading is not None else ""
    series = list(chart.iter(f"{_C}ser"))
    names = [_name(each, number) for number, each in enumerate(series, 1)]
    labels: dict[int, str] = {}
    values: list[dict[int, str]] = []
    for each in series:
        for place in ("cat", "xVal"):
            labels = {**dict(_points(each.find(_C + place))), **labels}
        values.append(
            {k: v for place in ("val", "yVal") for k, v in _points(each.find(_C + place))}
        )
    rows = [
        [labels.get(at, str(at + 1)), *(points.get(at, "") for points in values)]
        for at in sorted({at for points in values for at in points})
    ]
    table = write_table([["", *names], *rows]) if rows else ""
    return "\n\n".join(filter(None, (f"**{title}**" if title else "", table)))


def _name(series: Any, number: int) -> str:
    stated = series.find(f"{_C}tx")
    if stated is None:
        return str(number)
    said = [value.text or "" for value in stated.iter(f"{_C}v")]
    return " ".join(" ".join(said).split()) or str(number)


def _points(values: Any) -> Iterator[tuple[int, str]]:
    if values is None:
        return
    form = next((code.text for code in values.iter(f"{_C}formatCode")), None)
    for point in list(values.iter(f"{_C}pt"))[:MAX_POINTS]:
        value = point.find(f"{_C}v")
        text = (value.text or "") if value is not None else ""
        at = point.get("idx") or "0"
        if at.isdecimal() and int(at) < 10 * MAX_POINTS:
            yield int(at), _shown(text, point.get("formatCode") or form)


def _shown(text: str, form: str | None) -> str:
    try:
        number = float(text)
    except ValueError:
        return " ".join(text.split())
    return shown(number, form)


def _text(element: Any) -> str:
    said = [run.text or "" for run in element.iter(f"{_A}t", f"{_C}v")]
    return " ".join("".join(said).split())
