"""Errors of the conversation side.

HousevoiceError
├── ConfigurationError   a setting or a voice is wrong; the message says what to do
├── ModelError           the writing model cannot be loaded or does not answer
└── UsageError           a person asked for something that cannot be done as asked
"""

from __future__ import annotations


class HousevoiceError(Exception):
    """Something went wrong; the message is fit for the person who runs the bot."""


class ConfigurationError(HousevoiceError):
    """A setting, a path or a voice is wrong."""


class ModelError(HousevoiceError):
    """The writing model cannot be loaded, or does not answer."""


class UsageError(HousevoiceError):
    """A person asked for something that cannot be done as asked."""
