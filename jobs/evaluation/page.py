"""The report as one self-contained page: no script, no font and no picture from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

_COLOURS = ("#8a94a6", "#3a6ea5", "#c9b27c", "#1f7a4d")
_WIDTH, _LABEL, _BAR, _GAP = 760, 250, 12, 14
_SPAN = _WIDTH - _LABEL - 70
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:800px;margin:2rem auto;padding:0 1rem;
color:#1c2430}
table{border-collapse:collapse;width:100%;font-size:14px}td,th{padding:.3rem .5rem;text-align:left;
border-bottom:1px solid #d8dde5;vertical-align:top}.ok{color:#1f7a4d}.no{color:#b3261e}
svg{max-width:100%;height:auto}details{margin:.5rem 0}
"""


def as_html(told: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The page. ``names``: the measures in order, with what people call them."""
    gate = told["gate"]
    verdict = "may speak" if gate["passed"] else "stays a candidate"
    findings = "".join(
        f'<li class="{"ok" if each["passed"] else "no"}">{escape(each["reason"])}</li>'
        for each in gate["findings"]
    )
    title = f"Voice “{escape(told['voice'])}”, version {escape(told['version'])}"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head>
<body><h1>{title}</h1>
<p class="{"ok" if gate["passed"] else "no"}"><strong>The version {verdict}.</strong></p>
<ul>{findings}</ul>
<p>{told["questions"]} questions, {told["answerable"]} with an answer; {told["held_out_pairs"]}
held-out pairs; 95% intervals by bootstrap, seeds {escape(str(told["seeds"]))}. Tone classifier:
AUROC {told["tone_classifier"]["auroc"]:.3f} on {told["tone_classifier"]["texts"]} held-out
texts.</p>
<h2>The four arms</h2>{bars(told["arms"], names)}
<h2>Tuned less base</h2>{changes(gate["findings"])}
<h2>Answers</h2>{_answers(told["answers"])}
</body></html>
"""


def bars(arms: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """One bar an arm for each measure, with its interval; what was not measured has none."""
    parts, y = [_legend(arms)], 30
    for key, name in names.items():
        block = (_BAR + 3) * len(arms)
        parts.append(f'<text x="0" y="{y + block / 2}" font-size="13">{escape(name)}</text>')
        for n, arm in enumerate(arms.values()):
            top = y + n * (_BAR + 3)
            parts.append(_bar(arm["measures"].get(key), top, _COLOURS[n % len(_COLOURS)]))
        y += block + _GAP
    return _svg("".join(parts), y, "Measures of each arm from 0 to 1")


def changes(findings: list[dict[str, Any]]) -> str:
    """The changes that the gate looked at, around nought."""
    middle, half = _LABEL + _SPAN / 2, _SPAN / 2
    height = 34 * len(findings) + 30
    parts = [
        f'<line x1="{middle}" x2="{middle}" y1="10" y2="{height - 10}" stroke="#98a2b3"/>'
        f'<text x="{middle - 3}" y="{height}" font-size="11">0</text>'
    ]
    for n, each in enumerate(findings):
        y = 30 + 34 * n
        parts.append(f'<text x="0" y="{y + 4}" font-size="13">{escape(each["what"])}</text>')
        if (change := each["change"]) is None:
            parts.append(f'<text x="{_LABEL}" y="{y + 4}" font-size="12">not measured</text>')
            continue
        low, mean, high = (
            middle + half * max(-1, min(1, change[k])) for k in ("low", "mean", "high")
        )
        colour = "#1f7a4d" if each["passed"] else "#b3261e"
        parts.append(
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}" stroke="{colour}" '
            f'stroke-width="3"/><circle cx="{mean:.1f}" cy="{y}" r="5" fill="{colour}"/>'
            f'<text x="{_LABEL + _SPAN + 8}" y="{y + 4}" font-size="12">'
            f"{change['mean']:+.2f}</text>"
        )
    return _svg("".join(parts), height + 5, "Change of what the gate asks, from -1 to 1")


def _bar(found: Mapping[str, float] | None, top: float, colour: str) -> str:
    if not found:
        return f'<text x="{_LABEL}" y="{top + 10}" font-size="10" fill="#98a2b3">–</text>'
    width = _SPAN * found["mean"]
    middle = top + _BAR / 2
    bar = (
        f'<rect x="{_LABEL}" y="{top}" width="{width:.1f}" height="{_BAR}" fill="{colour}"/>'
        f'<text x="{_LABEL + _SPAN + 8}" y="{top + 10}" font-size="11">{found["mean"]:.2f}</text>'
    )
    if "low" not in found:
        return bar
    low, high = (_LABEL + _SPAN * found[end] for end in ("low", "high"))
    return bar + (
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}" stroke="#1c2430"/>'
    )


def _legend(arms: Mapping[str, Any]) -> str:
    return "".join(
        f'<rect x="{n * 180}" y="2" width="12" height="12" fill="{_COLOURS[n % len(_COLOURS)]}"/>'
        f'<text x="{n * 180 + 18}" y="13" font-size="13">{escape(name)}</text>'
        for n, name in enumerate(arms)
    )


def _svg(content: str, height: float, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:g}" role="img" '
        f'font-family="system-ui,sans-serif"><title>{title}</title>{content}</svg>'
    )


def _answers(answers: list[dict[str, Any]]) -> str:
    told = []
    for each in answers:
        rows = "".join(
            f"<tr><th>{escape(arm)}</th><td>{escape(text)}</td></tr>"
            for arm, text in each.items()
            if arm not in ("question", "answerable")
        )
        told.append(
            f"<details><summary>{escape(each['question'])}</summary><table>{rows}</table></details>"
        )
    return "".join(told)
