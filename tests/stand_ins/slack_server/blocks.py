"""Is this Block Kit valid? The limits that Slack documents, with errors as Slack words them.

Each limit stands on the block's or element's page:
https://docs.slack.dev/reference/block-kit/blocks/<name>-block,
https://docs.slack.dev/reference/block-kit/block-elements/<name>-element,
https://docs.slack.dev/reference/block-kit/composition-objects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Literal

from tests.stand_ins.slack_server.state import Json

Surface = Literal["message", "modal", "home"]

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
"""https://docs.slack.dev/reference/block-kit/blocks"""
MARKDOWN_CHARS = 12_000
"""Of all markdown blocks of a payload together:
https://docs.slack.dev/reference/block-kit/blocks/markdown-block"""
SELECT_OPTIONS, OPTION_TEXT, OPTION_VALUE, PLACEHOLDER = 100, 75, 150, 150
ID_CHARS, BUTTON_TEXT, BUTTON_VALUE, URL_CHARS = 255, 75, 2000, 3000
TABLE_ROWS, TABLE_COLUMNS = 100, 20
INPUT_CHARS = 3000

SELECTS = ("static", "external", "users", "conversations", "channels")
IN_ACTIONS = frozenset(
    {
        "button",
        "checkboxes",
        "datepicker",
        "datetimepicker",
        "overflow",
        "radio_buttons",
        "rich_text_input",
        "timepicker",
        "workflow_button",
        *(f"{kind}_select" for kind in SELECTS),
        *(f"multi_{kind}_select" for kind in SELECTS),
    }
)
IN_INPUT = (IN_ACTIONS - {"button", "overflow", "workflow_button"}) | {
    "email_text_input",
    "file_input",
    "number_input",
    "plain_text_input",
    "url_text_input",
}
IN_SECTION = (IN_ACTIONS - {"rich_text_input"}) | {"image"}


class Checker:
    """Collects what is wrong, each with the place as a JSON pointer."""

    def __init__(self, surface: Surface):
        self.surface = surface
        self.errors: list[str] = []
        self._action_ids: list[str] = []
        self._markdown_chars = 0
        self._checks: dict[str, Callable[[Json, str], None]] = {
            "actions": self._actions,
            "context": self._context,
            "divider": lambda block, at: None,
            "header": self._header,
            "image": self._image,
            "rich_text": self._rich_text,
            "section": self._section,
        }
        if surface == "message":
            self._checks |= {
                "context_actions": self._context_actions,
                "markdown": self._markdown,
                "table": self._table,
            }
        if surface != "message":
            self._checks |= {"input": self._input}

    def blocks(self, blocks: Any, at: str = "/blocks") -> list[str]:
        """What is wrong with a list of blocks."""
        most = MESSAGE_BLOCKS if self.surface == "message" else VIEW_BLOCKS
        if not isinstance(blocks, list) or not all(isinstance(each, dict) for each in blocks):
            return ["must be an array of objects"]
        if len(blocks) > most:
            self._wrong(f"no more than {most} items allowed", at)
        for number, block in enumerate(blocks):
            self._block(block, f"{at}/{number}")
        for block_id, times in Counter(
            block["block_id"] for block in blocks if block.get("block_id")
        ).items():
            if times > 1:
                self._wrong(f"`block_id` {block_id} already exists", at)
        if sum(block.get("type") == "table" for block in blocks) > 1:
            self._wrong("only one table is allowed", at)  # invalid_attachments on some surfaces
        return self.errors

    def _block(self, block: Json, at: str) -> None:
        check = self._checks.get(str(block.get("type")))
        if check is None:
            self._wrong(f"unsupported type: {block.get('type')}", f"{at}/type")
            return
        if "block_id" in block:
            self._string(block, "block_id", ID_CHARS, at)
        self._action_ids = []
        check(block, at)
        for action_id, times in Counter(self._action_ids).items():
            if times > 1:
                self._wrong(f"`action_id` {action_id} already exists", at)

    # --- blocks -------------------------------------------------------------------------------

    def _actions(self, block: Json, at: str) -> None:
        for element, place in self._elements(block, at, 25):
            self._element(element, place, IN_ACTIONS)

    def _context(self, block: Json, at: str) -> None:
        for element, place in self._elements(block, at, 10):
            if element.get("type") == "image":
                self._element(element, place, frozenset({"image"}))
            else:
                self._text(element, place, 3000)

    def _context_actions(self, block: Json, at: str) -> None:
        for element, place in self._elements(block, at, 5):
            self._element(element, place, frozenset({"feedback_buttons", "icon_button"}))

    def _header(self, block: Json, at: str) -> None:
        self._text(block.get("text"), f"{at}/text", 150, plain=True)

    def _image(self, block: Json, at: str) -> None:
        self._string(block, "alt_text", 2000, at, required=True)
        if "image_url" not in block and "slack_file" not in block:
            self._wrong("missing required field: image_url", at)
        self._string(block, "image_url", URL_CHARS, at)
        if "title" in block:
            self._text(block["title"], f"{at}/title", 2000, plain=True)

    def _input(self, block: Json, at: str) -> None:
        self._text(block.get("label"), f"{at}/label", 2000, plain=True)
        if "hint" in block:
            self._text(block["hint"], f"{at}/hint", 2000, plain=True)
        element = block.get("element")
        if not isinstance(element, dict):
            self._wrong("missing required field: element", at)
            return
        self._element(element, f"{at}/element", IN_INPUT)

    def _markdown(self, block: Json, at: str) -> None:
        self._string(block, "text", None, at, required=True)
        self._markdown_chars += len(str(block.get("text", "")))
        if self._markdown_chars > MARKDOWN_CHARS:
            self._wrong(f"must be less than {MARKDOWN_CHARS + 1} characters", f"{at}/text")

    def _rich_text(self, block: Json, at: str) -> None:
        allowed = {
            "rich_text_section",
            "rich_text_list",
            "rich_text_preformatted",
            "rich_text_quote",
        }
        elements = block.get("elements")
        if not isinstance(elements, list):
            self._wrong("missing required field: elements", at)
            return
        for number, element in enumerate(elements):
            if not isinstance(element, dict) or element.get("type") not in allowed:
                self._wrong("unsupported type", f"{at}/elements/{number}")

    def _section(self, block: Json, at: str) -> None:
        fields = block.get("fields")
        if "text" not in block and not fields:
            self._wrong("missing required field: text", at)
        if "text" in block:
            self._text(block["text"], f"{at}/text", 3000)
        if fields is not None:
            if not isinstance(fields, list) or not 1 <= len(fields) <= 10:
                self._wrong("no more than 10 items allowed", f"{at}/fields")
            else:
                for number, each in enumerate(fields):
                    self._text(each, f"{at}/fields/{number}", 2000)
        if "accessory" in block:
            self._element(block["accessory"], f"{at}/accessory", IN_SECTION)

    def _table(self, block: Json, at: str) -> None:
        rows = block.get("rows")
        if not isinstance(rows, list) or not rows:
            self._wrong("missing required field: rows", at)
            return
        if len(rows) > TABLE_ROWS:
            self._wrong(f"no more than {TABLE_ROWS} items allowed", f"{at}/rows")
        for number, row in enumerate(rows):
            place = f"{at}/rows/{number}"
            if not isinstance(row, list) or len(row) > TABLE_COLUMNS:
                self._wrong(f"no more than {TABLE_COLUMNS} items allowed", place)
                continue
            for column, cell in enumerate(row):
                kind = cell.get("type") if isinstance(cell, dict) else None
                if kind not in ("raw_text", "raw_number", "rich_text"):
                    self._wrong("unsupported type", f"{place}/{column}/type")
                elif kind == "raw_text":
                    self._string(cell, "text", None, f"{place}/{column}", required=True)

    # --- elements -----------------------------------------------------------------------------

    def _element(self, element: Any, at: str, allowed: frozenset[str]) -> None:
        kind = element.get("type") if isinstance(element, dict) else None
        if kind not in allowed:
            self._wrong(f"unsupported type: {kind}", f"{at}/type")
            return
        if kind == "image":
            self._image(element, at)
            return
        if "action_id" in element:
            self._string(element, "action_id", ID_CHARS, at)
            self._action_ids.append(str(element["action_id"]))
        if "placeholder" in element:
            self._text(element["placeholder"], f"{at}/placeholder", PLACEHOLDER, plain=True)
        if "confirm" in element:
            self._confirm(element["confirm"], f"{at}/confirm")
        if kind == "button":
            self._button(element, at)
        elif kind == "feedback_buttons":
            for side in ("positive_button", "negative_button"):
                self._feedback(element.get(side), f"{at}/{side}")
        elif kind == "icon_button":
            self._string(element, "icon", None, at, required=True)
            self._text(element.get("text"), f"{at}/text", BUTTON_TEXT, plain=True)
            self._string(element, "value", BUTTON_VALUE, at)
        elif kind == "plain_text_input":
            self._plain_text_input(element, at)
        elif kind in ("static_select", "multi_static_select"):
            self._select(element, at)
        elif kind in ("checkboxes", "radio_buttons"):
            self._options(element, at, 10, text=OPTION_TEXT)
        elif kind == "overflow":
            self._options(element, at, 5)

    def _button(self, element: Json, at: str) -> None:
        self._text(element.get("text"), f"{at}/text", BUTTON_TEXT, plain=True)
        self._string(element, "value", BUTTON_VALUE, at)
        self._string(element, "url", URL_CHARS, at)
        self._string(element, "accessibility_label", 75, at)
        if element.get("style", "primary") not in ("primary", "danger"):
            self._wrong("must be one of: primary, danger", f"{at}/style")

    def _feedback(self, button: Any, at: str) -> None:
        if not isinstance(button, dict):
            self._wrong("missing required field", at)
            return
        self._text(button.get("text"), f"{at}/text", BUTTON_TEXT, plain=True)
        self._string(button, "value", BUTTON_VALUE, at, required=True)
        self._string(button, "accessibility_label", 75, at)

    def _plain_text_input(self, element: Json, at: str) -> None:
        shortest, longest = element.get("min_length", 0), element.get("max_length", INPUT_CHARS)
        if not isinstance(shortest, int) or not 0 <= shortest <= INPUT_CHARS:
            self._wrong(f"must be between 0 and {INPUT_CHARS}", f"{at}/min_length")
        elif not isinstance(longest, int) or not max(1, shortest) <= longest <= INPUT_CHARS:
            self._wrong(f"must be between 1 and {INPUT_CHARS}", f"{at}/max_length")
        elif len(str(element.get("initial_value", ""))) > longest:
            self._wrong(f"must be less than {longest + 1} characters", f"{at}/initial_value")

    def _select(self, element: Json, at: str) -> None:
        groups = element.get("option_groups")
        if groups is None:
            self._options(element, at, SELECT_OPTIONS)
            return
        if "options" in element or not isinstance(groups, list) or not 1 <= len(groups) <= 100:
            self._wrong("no more than 100 items allowed", f"{at}/option_groups")
            return
        for number, group in enumerate(groups):
            place = f"{at}/option_groups/{number}"
            self._text(group.get("label"), f"{place}/label", 75, plain=True)
            self._options(group, place, SELECT_OPTIONS)

    def _options(self, element: Json, at: str, most: int, text: int = OPTION_TEXT) -> None:
        options = element.get("options")
        if not isinstance(options, list) or not options:
            self._wrong("missing required field: options", at)
            return
        if len(options) > most:
            self._wrong(f"no more than {most} items allowed", f"{at}/options")
        for number, option in enumerate(options):
            place = f"{at}/options/{number}"
            self._text(option.get("text"), f"{place}/text", text)
            self._string(option, "value", OPTION_VALUE, place, required=True)
            if "description" in option:
                self._text(option["description"], f"{place}/description", 75)
        initial = element.get("initial_options", [])
        if "initial_option" in element:
            initial = [*initial, element["initial_option"]]
        if any(each not in options for each in initial):
            self._wrong("must be one of the options", f"{at}/initial_option")

    def _confirm(self, confirm: Any, at: str) -> None:
        if not isinstance(confirm, dict):
            self._wrong("must be an object", at)
            return
        for name, most in (("title", 100), ("confirm", 30), ("deny", 30)):
            self._text(confirm.get(name), f"{at}/{name}", most, plain=True)
        self._text(confirm.get("text"), f"{at}/text", 300)

    # --- parts --------------------------------------------------------------------------------

    def _elements(self, block: Json, at: str, most: int) -> Iterator[tuple[Json, str]]:
        elements = block.get("elements")
        if not isinstance(elements, list) or not elements:
            self._wrong("missing required field: elements", at)
            return
        if len(elements) > most:
            self._wrong(f"no more than {most} items allowed", f"{at}/elements")
        for number, element in enumerate(elements):
            if isinstance(element, dict):
                yield element, f"{at}/elements/{number}"
            else:
                self._wrong("must be an object", f"{at}/elements/{number}")

    def _text(self, text: Any, at: str, most: int, *, plain: bool = False) -> None:
        if not isinstance(text, dict):
            self._wrong("missing required field: text", at)
            return
        allowed = ("plain_text",) if plain else ("plain_text", "mrkdwn")
        if text.get("type") not in allowed:
            self._wrong(f"must be one of: {', '.join(allowed)}", f"{at}/type")
        words = text.get("text")
        if not isinstance(words, str) or not words:
            self._wrong("must be more than 0 characters", f"{at}/text")
        elif len(words) > most:
            self._wrong(f"must be less than {most + 1} characters", f"{at}/text")

    def _string(
        self, holder: Json, name: str, most: int | None, at: str, *, required: bool = False
    ) -> None:
        if name not in holder:
            if required:
                self._wrong(f"missing required field: {name}", at)
            return
        value = holder[name]
        if not isinstance(value, str) or (required and not value):
            self._wrong("must be a string", f"{at}/{name}")
        elif most is not None and len(value) > most:
            self._wrong(f"must be less than {most + 1} characters", f"{at}/{name}")

    def _wrong(self, what: str, at: str) -> None:
        self.errors.append(f"{what} [json-pointer:{at}]")


def check_blocks(blocks: Any, surface: Surface = "message") -> list[str]:
    """What is wrong with the blocks of a message; nothing: they are valid."""
    return Checker(surface).blocks(blocks)


def check_view(view: Any) -> list[str]:
    """What is wrong with a view (https://docs.slack.dev/reference/views)."""
    if not isinstance(view, dict) or view.get("type") not in ("modal", "home"):
        return ["unsupported type [json-pointer:/view/type]"]
    checker = Checker(view["type"])
    errors = checker.blocks(view.get("blocks"), "/view/blocks")
    for name, most in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
        checker._string(view, name, most, "/view")
    if view["type"] == "modal":
        checker._text(view.get("title"), "/view/title", 24, plain=True)
        for name in ("submit", "close"):
            if view.get(name) is not None:
                checker._text(view[name], f"/view/{name}", 24, plain=True)
        inputs = any(
            isinstance(block, dict) and block.get("type") == "input"
            for block in view.get("blocks") or ()
        )
        if inputs and not view.get("submit"):
            checker._wrong("missing required field: submit", "/view")
    return errors


def interactive_elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Every (block, element) that somebody can use."""
    for block in blocks:
        candidates = [block.get("accessory"), block.get("element"), *block.get("elements", [])]
        for element in candidates:
            if isinstance(element, dict) and "action_id" in element:
                yield block, element
