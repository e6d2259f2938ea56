"""A Discord on loopback: the real discord.py talks to it, simcord holds its world."""

from tests.stand_ins.discord_server.rest import Call
from tests.stand_ins.discord_server.server import DiscordServer
from tests.stand_ins.discord_server.text import visible_text
from tests.stand_ins.discord_server.world import Interaction, Posted

__all__ = ["Call", "DiscordServer", "Interaction", "Posted", "visible_text"]
