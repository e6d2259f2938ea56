"""Forms where there are no modals: as lines of text, and filled in by ``name=value`` words."""

from __future__ import annotations

import re
import shlex

from bot.cards import Field, Form, Values
from bot.desk.commands import Command, Commands
from bot.errors import UsageError

_FIELDS = re.compile(r"""(?:(?:^|\s+)(?=['"]?\w+=)(?:"[^"]*"|'[^']*'|[^\s"'])+)+$""")
"""Words such as ``name=value``, ``name="two words"`` and ``'name=two words'`` at the end."""


def own_words(command: Command, words: str) -> str:
    """What of the words after a command belongs to it, and not to the form that it opens."""
    if any(each.kind == "first" for each in command.parameters):
        return words[: len(words) - len((words.split(None, 1)[1:] or [""])[0])]
    return _FIELDS.sub("", words)


def own_line(offered: Commands, name: str, words: str) -> str:
    """What follows a command's first word, without what is of the form that it opens."""
    action, _, rest = words.partition(" ")
    for each in offered.all:
        if (each.name, each.action) == (name, action.lower()) and each.opens_form:
            return f"{action} {own_words(each, rest)}"
    return words


def described(form: Form) -> str:
    """One line a field: its name, what it asks, its choices and its value."""
    return "\n".join(_line(field) for field in form.fields)


def current(form: Form) -> dict[str, str | tuple[str, ...]]:
    """The values as they are."""
    return {field.name: field.value for field in form.fields}


def as_filled_in(form: Form, words: str) -> Values:
    """The form's values with those changed that the words name.

    A form of one field takes all the words, with or without the field's name. Raises
    :class:`UsageError` for words that are none of ``name=value``.
    """
    if len(form.fields) == 1:
        [field] = form.fields
        return {field.name: _value(field, _alone(field, words).removeprefix(f"{field.name}="))}
    by_name = {field.name: field for field in form.fields}
    values = current(form)
    try:
        given = shlex.split(words)
    except ValueError as error:
        raise UsageError(f"The quotes do not close: {words}") from error
    for word in given:
        name, equals, value = word.partition("=")
        if not equals or name not in by_name:
            raise UsageError(f"Write name=value, with these names:\n{described(form)}")
        values[name] = _value(by_name[name], value)
    return values


def _alone(field: Field, words: str) -> str:
    """The words as they are; or what is in the quotes, where field and value are quoted as one."""
    if words.startswith(f"'{field.name}="):
        try:
            [words] = shlex.split(words)
        except ValueError:  # the quotes are of the value
            return words
    return words


def _value(field: Field, word: str) -> str | tuple[str, ...]:
    if field.kind != "some_of":
        return word
    return tuple(each for each in word.replace(",", " ").split() if each)


def _line(field: Field) -> str:
    value = field.value if isinstance(field.value, str) else ",".join(field.value)
    choices = f" ({', '.join(each.value for each in field.choices)})" if field.choices else ""
    help = f" {field.help}" if field.help else ""
    return f"{field.name}: {field.label}{choices} [{value}]{help}"
