"""What an employee sees of a message: its blocks or text as plain text, and whole conversations."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping

from tests.stand_ins.slack_server.state import Json

_ENTITY = re.compile(r"<([^<>\s|]+[^<>|]*)(?:\|([^<>]*))?>")
_FENCE = re.compile(r"^(```+|~~~+)")
_EMPHASIS = re.compile(r"(?<![\w*])(\*\*\*|\*\*|__|\*|_|~~)(?=\S)(.+?)(?<=\S)\1(?![\w*])")
_MRKDWN_EMPHASIS = re.compile(r"(?<!\w)([*_~])(?=\S)([^\n]+?)(?<=\S)\1(?!\w)")
_LINK = re.compile(r"!?\[([^\]]*)\]\(<?([^()\s>]+)>?(?:\s+\"[^\"]*\")?\)")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_PRIVATE = 0xE000
"""Where escaped punctuation hides while the marks are taken away."""
_CODE = re.compile(r"(`+)(.+?)\1")
_LIVE = re.compile(
    r"<(@[UW][A-Z0-9]+|!(?:here|channel|everyone)|!subteam\^S[A-Z0-9]+)(?:\|[^>]*)?>"
)


def visible_text(message: Json, names: Mapping[str, str] | None = None) -> str:
    """A message as plain text. ``names``: user and channel ids to names.

    With blocks, ``text`` is only the notification's: it is not shown.
    https://docs.slack.dev/reference/methods/chat.postMessage#blocks_and_attachments
    """
    known = names or {}
    parts = (
        [_block(block, known) for block in message["blocks"]]
        if message.get("blocks")
        else [mrkdwn(str(message.get("text", "")), known)]
    )
    for attachment in message.get("attachments", ()):
        parts += [_block(block, known) for block in attachment.get("blocks", ())]
        parts += [
            mrkdwn(str(attachment[name]), known)
            for name in ("pretext", "title", "text", "fallback")
            if attachment.get(name) and not attachment.get("blocks")
        ][:3]
    parts += [f"📎 {file.get('name', file['id'])}" for file in message.get("files", ())]
    return "\n\n".join(part for part in parts if part.strip())


def visible_view(view: Json, names: Mapping[str, str] | None = None) -> str:
    """A modal or a Home tab as plain text."""
    known = names or {}
    title = f"== {view['title']['text']} ==" if view.get("title") else ""
    buttons = "  ".join(f"[{view[name]['text']}]" for name in ("close", "submit") if view.get(name))
    parts = [title, *(_block(block, known) for block in view["blocks"]), buttons]
    return "\n\n".join(part for part in parts if part.strip())


def live_mentions(message: Json) -> list[str]:
    """What in a message would notify somebody: users, groups, ``!here``, ``!channel``.

    Plain-text objects and code do not count: Slack does not parse them.
    https://docs.slack.dev/messaging/formatting-message-text#special-mentions
    """
    found: list[str] = []
    texts = list(_parsed_texts(message.get("blocks") or []))
    if not message.get("blocks"):
        texts.append(str(message.get("text", "")))
    for text in texts:
        bare = re.sub(r"```.*?```|`[^`\n]+`", "", text, flags=re.DOTALL)
        found += _LIVE.findall(bare)
    return found


def _parsed_texts(part: object) -> Iterable[str]:
    if isinstance(part, list):
        for each in part:
            yield from _parsed_texts(each)
    elif isinstance(part, dict):
        kind = part.get("type")
        if kind in ("mrkdwn", "markdown"):
            yield str(part.get("text", ""))
        elif kind == "user":
            yield f"<@{part['user_id']}>"
        elif kind == "usergroup":
            yield f"<!subteam^{part['usergroup_id']}>"
        elif kind == "broadcast":
            yield f"<!{part['range']}>"
        else:
            for each in part.values():
                yield from _parsed_texts(each)


# --- markup -----------------------------------------------------------------------------------


def mrkdwn(text: str, names: Mapping[str, str]) -> str:
    """Slack's own markup as its reader sees it."""
    pieces = re.split(r"(```.*?```|`[^`\n]+`)", text, flags=re.DOTALL)
    shown = [
        html.unescape(piece.strip("`") if number % 2 else _plain_mrkdwn(piece, names))
        for number, piece in enumerate(pieces)
    ]
    return "".join(shown)


def _plain_mrkdwn(text: str, names: Mapping[str, str]) -> str:
    for _ in range(2):  # bold within italic
        text = _MRKDWN_EMPHASIS.sub(r"\2", text)
    text = re.sub(r"^&gt; ?", "│ ", text, flags=re.MULTILINE)
    return _ENTITY.sub(lambda match: _entity(match[1], match[2], names), text)


def _entity(target: str, label: str | None, names: Mapping[str, str]) -> str:
    if target.startswith("@"):
        return f"@{names.get(target[1:], label or target[1:])}"
    if target.startswith("#"):
        return f"#{names.get(target[1:], label or target[1:])}"
    if target.startswith("!subteam^"):
        return f"@{names.get(target.removeprefix('!subteam^'), label or 'group')}"
    if target.startswith("!"):
        return label or f"@{target[1:]}"
    return f"{label} ({target})" if label and label != target else target


def markdown(text: str, names: Mapping[str, str]) -> str:
    """Markdown as its reader sees it: without the marks, links with their address."""
    shown, fence = [], ""
    for line in text.split("\n"):
        mark = _FENCE.match(line.lstrip())
        if mark and (not fence or line.strip() == fence):
            fence = "" if fence else mark[1]
        elif fence:
            shown.append(f"    {line}")
        else:
            shown.append(_markdown_line(line, names))
    return "\n".join(shown)


def _markdown_line(line: str, names: Mapping[str, str]) -> str:
    if re.fullmatch(r"\s*\|?(\s*:?-{2,}:?\s*\|)+(\s*:?-{2,}:?\s*)?", line):
        return "-" * len(line)
    line = re.sub(r"^\s{0,3}#{1,6}\s+", "", line)
    line = re.sub(r"^(\s*)[-*+]\s+", r"\1• ", line)
    line = re.sub(r"^\s{0,3}> ?", "│ ", line)
    line = _LINK.sub(lambda match: f"{match[1]} ({match[2]})", line)
    pieces = re.split(r"(`+.+?`+)", line)
    for number, piece in enumerate(pieces):
        if number % 2:
            pieces[number] = _CODE.sub(r"\2", piece)
            continue
        piece = _ESCAPED.sub(lambda match: chr(_PRIVATE + ord(match[1])), piece)
        for _ in range(2):
            piece = _EMPHASIS.sub(r"\2", piece)
        piece = _ENTITY.sub(lambda match: _entity(match[1], match[2], names), piece)
        pieces[number] = re.sub(
            f"[{chr(_PRIVATE)}-{chr(_PRIVATE + 0x7F)}]", lambda m: chr(ord(m[0]) - _PRIVATE), piece
        )
    return html.unescape("".join(pieces))


# --- blocks -----------------------------------------------------------------------------------


def _block(block: Json, names: Mapping[str, str]) -> str:
    match block.get("type"):
        case "markdown":
            return markdown(block["text"], names).strip("\n")
        case "header":
            return _text(block["text"], names)
        case "section":
            parts = [_text(block["text"], names)] if "text" in block else []
            parts += [_text(each, names) for each in block.get("fields", ())]
            if "accessory" in block:
                parts.append(_element(block["accessory"], names))
            return "\n".join(parts)
        case "context" | "actions" | "context_actions":
            gap = "  " if block["type"] != "context" else " "
            return gap.join(_element(each, names) for each in block["elements"])
        case "divider":
            return "―" * 20
        case "image":
            return f"[image: {block['alt_text']}]"
        case "input":
            return f"{_text(block['label'], names)}: {_element(block['element'], names)}"
        case "table":
            return _table([[_cell(cell, names) for cell in row] for row in block["rows"]])
        case "rich_text":
            return "\n".join(_rich_text(each, names) for each in block["elements"])
    return f"[{block.get('type')}]"


def _element(element: Json, names: Mapping[str, str]) -> str:
    match element.get("type"):
        case "mrkdwn" | "plain_text":
            return _text(element, names)
        case "image":
            return f"[image: {element['alt_text']}]"
        case "feedback_buttons":
            sides = (element["positive_button"], element["negative_button"])
            return "  ".join(f"[{side['text']['text']}]" for side in sides)
        case "plain_text_input":
            placeholder = element.get("placeholder", {}).get("text", "")
            return str(
                element.get("initial_value") or f"({placeholder})" if placeholder else "____"
            )
    if "text" in element:
        return f"[{_text(element['text'], names)}]"
    options = [option["text"]["text"] for option in element.get("options", ())]
    if options:
        chosen = element.get("initial_option", {}).get("text", {}).get("text")
        ticked = {each["text"]["text"] for each in element.get("initial_options", ())} | {chosen}
        shown = (f"{'◉' if each in ticked else '○'} {each}" for each in options)
        return "(" + " / ".join(shown) + ")"
    return f"[{element.get('placeholder', {}).get('text', element.get('type'))}]"


def _text(text: Json, names: Mapping[str, str]) -> str:
    words = str(text.get("text", ""))
    return mrkdwn(words, names) if text.get("type") == "mrkdwn" else words


def _cell(cell: Json, names: Mapping[str, str]) -> str:
    return _block(cell, names) if cell["type"] == "rich_text" else str(cell.get("text", ""))


def _table(rows: list[list[str]]) -> str:
    columns = max(len(row) for row in rows)
    padded = [row + [""] * (columns - len(row)) for row in rows]
    widths = [max(len(row[column]) for row in padded) for column in range(columns)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in padded
    )


def _rich_text(element: Json, names: Mapping[str, str]) -> str:
    match element.get("type"):
        case "rich_text_list":
            lines = [_rich_text(each, names) for each in element["elements"]]
            ordered = element.get("style") == "ordered"
            marks = (f"{number}." if ordered else "•" for number in range(1, len(lines) + 1))
            indent = "  " * int(element.get("indent", 0))
            return "\n".join(
                f"{indent}{mark} {line}" for mark, line in zip(marks, lines, strict=True)
            )
        case "rich_text_quote":
            return "│ " + "".join(_rich_text(each, names) for each in element["elements"])
        case "text":
            return str(element["text"])
        case "link":
            label = element.get("text")
            return f"{label} ({element['url']})" if label else str(element["url"])
        case "user":
            return f"@{names.get(element['user_id'], element['user_id'])}"
        case "channel":
            return f"#{names.get(element['channel_id'], element['channel_id'])}"
        case "usergroup":
            return f"@{names.get(element['usergroup_id'], element['usergroup_id'])}"
        case "broadcast":
            return f"@{element['range']}"
        case "emoji":
            return f":{element['name']}:"
    return "".join(_rich_text(each, names) for each in element.get("elements", ()))
