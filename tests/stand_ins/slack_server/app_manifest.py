"""What Slack takes as the manifest of a new app that is an agent.

From https://docs.slack.dev/reference/app-manifest, with the limits that stand there, and
https://docs.slack.dev/ai/migrating-to-agent-messaging: new apps can have ``agent_view`` only. What
is not modelled (workflows, functions, unfurls, distribution) is refused.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Url = Annotated[str, Field(pattern=r"^https?://", max_length=3000)]
Scope = Annotated[str, Field(pattern=r"^[a-z_]+(:[a-z_.]+)*$", max_length=50)]
Event = Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_]+)?$", max_length=50)]

EVENT_SCOPES = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "subteam_members_changed": "usergroups:read",
    "subteam_updated": "usergroups:read",
    "user_change": "users:read",
}
"""The scope that an event asks for, where there is one alone (docs.slack.dev/reference/events)."""
FREE = {"app_context_changed", "app_home_opened"}
EITHER = {"channel_shared", "channel_unshared", "member_joined_channel", "member_left_channel"}
"""Those that ask for ``channels:read`` or ``groups:read``."""


class Part(BaseModel):
    """A part in which nothing else may stand."""

    model_config = ConfigDict(extra="forbid", strict=True)


class DisplayInformation(Part):
    name: str = Field(min_length=1, max_length=35)
    description: str = Field(min_length=1, max_length=140)
    long_description: str | None = Field(default=None, min_length=174, max_length=4000)
    background_color: str = Field(pattern=r"^#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?$")


class AppHome(Part):
    home_tab_enabled: bool
    messages_tab_enabled: Literal[True]
    """Conversations with an agent are there."""
    messages_tab_read_only_enabled: Literal[False]


class BotUser(Part):
    display_name: str = Field(pattern=r"^[a-z0-9._-]+$", max_length=80)
    always_online: bool = False


class Prompt(Part):
    title: str = Field(min_length=1)
    message: str = Field(min_length=1)


class AgentView(Part):
    agent_description: str = Field(min_length=1, max_length=300)
    suggested_prompts: list[Prompt] = Field(default=[], max_length=4)


class SlashCommand(Part):
    command: str = Field(pattern=r"^/[a-z0-9_-]+$", max_length=32)
    description: str = Field(min_length=1, max_length=2000)
    usage_hint: str | None = Field(default=None, min_length=1, max_length=1000)
    should_escape: bool = False
    url: Url | None = None


class Shortcut(Part):
    name: str = Field(min_length=1, max_length=24)
    type: Literal["message", "global"]
    callback_id: str = Field(min_length=1, max_length=255)
    description: str = Field(min_length=1, max_length=150)


class Features(Part):
    app_home: AppHome
    bot_user: BotUser
    agent_view: AgentView
    slash_commands: list[SlashCommand] = Field(min_length=1, max_length=50)
    shortcuts: list[Shortcut] = Field(min_length=1, max_length=10)


class Scopes(Part):
    bot: list[Scope] = Field(max_length=255)


class OauthConfig(Part):
    scopes: Scopes


class EventSubscriptions(Part):
    bot_events: list[Event] = Field(max_length=100)
    request_url: Url | None = None


class Interactivity(Part):
    is_enabled: bool
    request_url: Url | None = None


class Settings(Part):
    event_subscriptions: EventSubscriptions
    interactivity: Interactivity
    org_deploy_enabled: bool
    socket_mode_enabled: bool
    token_rotation_enabled: bool


class Manifest(Part):
    """The whole; raises :class:`pydantic.ValidationError`."""

    display_information: DisplayInformation
    features: Features
    oauth_config: OauthConfig
    settings: Settings

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        scopes = set(self.oauth_config.scopes.bot)
        events = set(self.settings.event_subscriptions.bot_events)
        if not events <= EVENT_SCOPES.keys() | FREE | EITHER:
            raise ValueError("there is no such event")
        if missing := {EVENT_SCOPES[each] for each in events & EVENT_SCOPES.keys()} - scopes:
            raise ValueError(f"events need the scopes {missing}")
        if events & EITHER and not scopes & {"channels:read", "groups:read"}:
            raise ValueError("events need channels:read or groups:read")
        # https://docs.slack.dev/ai/developing-agents: what an agent has to hear, and may do.
        if not {"app_home_opened", "app_context_changed", "message.im"} <= events:
            raise ValueError("an agent has to hear of its conversations")
        if not {"assistant:write", "chat:write", "im:history", "commands"} <= scopes:
            raise ValueError("an agent needs more scopes")
        addresses = [
            self.settings.event_subscriptions.request_url,
            self.settings.interactivity.request_url,
            *(each.url for each in self.features.slash_commands),
        ]
        # "Requires Socket Mode if no Request URL is provided"
        if not self.settings.socket_mode_enabled and None in addresses:
            raise ValueError("without Socket Mode every way in needs an address")
        return self
