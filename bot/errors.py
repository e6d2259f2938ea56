"""Errors of the conversation side.

HousevoiceError
├── ConfigurationError   a setting or a voice is wrong; the message says what to do
├── ModelError           the writing model cannot be loaded or does not answer
├── PlatformError        a platform refused, or could not be reached
└── UsageError           a person asked for something that cannot be done as asked
"""

from __future__ import annotations


class HousevoiceError(Exception):
    """Something went wrong; the message is fit for the person who runs the bot."""


class ConfigurationError(HousevoiceError):
    """A setting, a path or a voice is wrong."""


class ModelError(HousevoiceError):
    """The writing model cannot be loaded, or does not answer."""


class PlatformError(HousevoiceError):
    """A platform refused what was asked of it, or could not be reached.

    ``passing``: it may work when it is tried again.
    """

    def __init__(self, message: str, *, passing: bool = False):
        super().__init__(message)
        self.passing = passing


class UsageError(HousevoiceError):
    """A person asked for something that cannot be done as asked."""
