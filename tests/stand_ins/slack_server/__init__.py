"""A stand-in for Slack: the Web API with its state, Socket Mode, signed HTTP, people and faults.

It enforces what Slack documents; the page of each rule stands beside it. Where Slack documents
nothing, the rule says what it goes by. What it leaves out: org-wide installs, user tokens, OAuth,
block suggestions, workflow steps, canvases, and the rendering of unfurled links.
"""

from tests.stand_ins.slack_server.core import Call
from tests.stand_ins.slack_server.delivery import Delivery
from tests.stand_ins.slack_server.interactions import ImpossibleAction
from tests.stand_ins.slack_server.payloads import sample
from tests.stand_ins.slack_server.rendering import live_mentions, visible_text, visible_view
from tests.stand_ins.slack_server.server import SlackServer
from tests.stand_ins.slack_server.state import BOT_SCOPES, Channel, Json, User, UserGroup

__all__ = [
    "BOT_SCOPES",
    "Call",
    "Channel",
    "Delivery",
    "ImpossibleAction",
    "Json",
    "SlackServer",
    "User",
    "UserGroup",
    "live_mentions",
    "sample",
    "visible_text",
    "visible_view",
]
