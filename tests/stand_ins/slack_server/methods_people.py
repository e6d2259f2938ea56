"""``auth``, ``bots``, ``team``, ``users`` and ``usergroups``: who is who.

https://docs.slack.dev/reference/methods
"""

from __future__ import annotations

from tests.stand_ins.slack_server.args import Args
from tests.stand_ins.slack_server.core import Core, Method
from tests.stand_ins.slack_server.errors import SlackError
from tests.stand_ins.slack_server.paging import MOST_ITEMS, page
from tests.stand_ins.slack_server.state import Json, User, UserGroup

# --- the app and the team ---------------------------------------------------------------------


def auth_test(core: Core, args: Args) -> Json:
    workspace = core.workspace
    return {
        "url": f"https://{workspace.domain}.slack.com/",
        "team": workspace.name,
        "user": workspace.bot.name,
        "team_id": workspace.team_id,
        "user_id": workspace.bot.id,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
    }


def connections_open(core: Core, args: Args) -> Json:
    return {"url": core.socket_mode.open_url(core.host)}


def bots_info(core: Core, args: Args) -> Json:
    workspace = core.workspace
    if args.text("bot", workspace.bot_id) != workspace.bot_id:
        raise SlackError("bot_not_found")
    return {
        "bot": {
            "id": workspace.bot_id,
            "deleted": False,
            "name": workspace.bot.name,
            "updated": workspace.seconds(),
            "app_id": workspace.app_id,
            "user_id": workspace.bot.id,
            "icons": {f"image_{size}": f"http://{core.host}/{size}.png" for size in (36, 48, 72)},
        }
    }


def team_info(core: Core, args: Args) -> Json:
    workspace = core.workspace
    if args.text("team", workspace.team_id) != workspace.team_id:
        raise SlackError("team_not_found")
    return {
        "team": {
            "id": workspace.team_id,
            "name": workspace.name,
            "url": f"https://{workspace.domain}.slack.com/",
            "domain": workspace.domain,
            "email_domain": "example.com",
            "icon": {"image_default": True},
        }
    }


# --- users ------------------------------------------------------------------------------------


def user_object(core: Core, user: User, args: Args) -> Json:
    """As documented: https://docs.slack.dev/reference/objects/user-object."""
    profile: Json = {
        "real_name": user.name.capitalize(),
        "display_name": user.name,
        "team": user.team_id,
    }
    if "users:read.email" in core.bot_scopes and user.email and not user.is_stranger:
        profile["email"] = user.email
    shown: Json = {
        "id": user.id,
        "team_id": user.team_id,
        "name": user.name,
        "deleted": user.deleted,
        "real_name": user.name.capitalize(),
        "tz": "Europe/London",
        "tz_label": "Greenwich Mean Time",
        "tz_offset": 0,
        "profile": profile,
        "is_admin": user.is_admin,
        "is_owner": user.is_owner,
        "is_primary_owner": False,
        "is_restricted": user.is_restricted,
        "is_ultra_restricted": user.is_ultra_restricted,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": core.workspace.seconds(),
    }
    if user.is_stranger:
        shown["is_stranger"] = True
    if args.flag("include_locale"):
        shown["locale"] = user.locale
    return shown


def users_info(core: Core, args: Args) -> Json:
    return {"user": user_object(core, core.workspace.user(args.text("user")), args)}


def users_list(core: Core, args: Args) -> Json:
    team = [user for user in core.workspace.users.values() if not user.is_stranger]
    users, more = page(core, args, team, MOST_ITEMS)
    members = [user_object(core, user, args) for user in users]
    return {"members": members, "cache_ts": core.workspace.seconds(), **more}


def usergroup_object(group: UserGroup, core: Core, args: Args) -> Json:
    """As documented: https://docs.slack.dev/reference/objects/usergroup-object."""
    shown: Json = {
        "id": group.id,
        "team_id": core.workspace.team_id,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.handle,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": core.workspace.seconds(),
        "date_update": core.workspace.seconds(),
        "date_delete": core.workspace.seconds() if group.disabled else 0,
        "auto_type": None,
        "deleted_by": None,
        "prefs": {"channels": [], "groups": []},
    }
    if args.flag("include_users"):
        shown["users"] = group.members
    if args.flag("include_count"):
        shown["user_count"] = len(group.members)
    return shown


def usergroups_list(core: Core, args: Args) -> Json:
    groups = core.workspace.usergroups.values()
    shown = [group for group in groups if args.flag("include_disabled") or not group.disabled]
    return {"usergroups": [usergroup_object(group, core, args) for group in shown]}


def usergroups_users_list(core: Core, args: Args) -> Json:
    group = core.workspace.usergroups.get(args.text("usergroup"))
    if group is None or (group.disabled and not args.flag("include_disabled")):
        raise SlackError("no_such_subteam")
    return {"users": group.members}


METHODS = {
    "apps.connections.open": Method(connections_open, "connections:write", token="app"),
    "auth.test": Method(auth_test),
    "bots.info": Method(bots_info, "users:read", takes_json=False),
    "team.info": Method(team_info, "team:read", takes_json=False),
    "users.info": Method(users_info, "users:read", ("user",), takes_json=False),
    "users.list": Method(users_list, "users:read", takes_json=False),
    "usergroups.list": Method(usergroups_list, "usergroups:read", takes_json=False),
    "usergroups.users.list": Method(
        usergroups_users_list, "usergroups:read", ("usergroup",), takes_json=False
    ),
}
