"""Versions of a voice: what there is, and which of them speaks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.shell.cli.shared import As, Json, print_json, report_errors, run, who_types
from bot.shell.cli.voices import VoiceFolder, voice_cli

if TYPE_CHECKING:
    from bot.shell.app import App
    from bot.voice.versions.registry import Registry, Version

VersionName = Annotated[
    str, typer.Argument(metavar="VERSION", help="Such as v2; 'voice show' lists them.")
]


def registry() -> Registry:
    """The versions in the configured folder."""
    from bot.shell.settings import load_settings
    from bot.voice.versions.registry import Registry

    return Registry(load_settings().voices, lambda: datetime.now(UTC))


@voice_cli.command("show")
def voice_show(name: VoiceFolder, json_lines: Json = False) -> None:
    """Show a voice's versions: what each was made from, and what the gate said."""
    with report_errors():
        known = registry()
        served = known.served(name)
        for each in known.versions(name):
            if json_lines:
                print_json(_as_json(each, served.live))
            else:
                typer.echo("\n".join(_told(each, served.live)))
        if json_lines:
            return
        if served.canary is not None:
            who = [f"{served.canary.share:.0%} of conversations"] if served.canary.share else []
            typer.echo(
                f"On trial: {served.canary.version}, {', '.join((*who, *served.canary.channels))}"
            )
        for change in served.changes[-5:]:
            why = f" ({change.why})" if change.why else ""
            typer.echo(
                f"{change.at:%Y-%m-%d %H:%M} UTC  {change.who}  {change.what} {change.version}{why}"
            )


@voice_cli.command("export")
def voice_export(
    name: VoiceFolder,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    version: Annotated[
        str | None, typer.Option(help="Such as v2; default: the one that speaks.")
    ] = None,
) -> None:
    """Write a voice's LoRA for vLLM, and print the command that serves it."""
    with report_errors():
        from bot.shell.models import served_base
        from bot.shell.settings import load_settings
        from bot.voice.versions.vllm import command, lay_out
        from bot.voice.voice import Voice

        settings = load_settings()
        voice = Voice.load(settings.voices, name, version)
        typer.echo(command(voice, lay_out(voice, folder), served_base(settings, voice)))


@voice_cli.command("promote")
def voice_promote(
    name: VoiceFolder,
    version: VersionName,
    anyway: Annotated[
        str, typer.Option(help="Why it shall speak although the gate did not pass it.")
    ] = "",
) -> None:
    """Let a version speak; a running bot does so from the next answer on. 'none': no LoRA."""
    with report_errors():
        registry().promote(name, version, who_types(), anyway=anyway)
        typer.echo(f"{name} speaks with {version}.")


@voice_cli.command("rollback")
def voice_rollback(name: VoiceFolder) -> None:
    """End a trial, or speak as before the last promotion."""
    with report_errors():
        served = registry().rollback(name, who_types())
        typer.echo(f"{name} speaks with {served.live} everywhere.")


@voice_cli.command("canary")
def voice_canary(
    name: VoiceFolder,
    version: VersionName,
    share: Annotated[float, typer.Option(help="Of the conversations, such as 0.1.")] = 0.0,
    channel: Annotated[
        list[str] | None,
        typer.Option(help="A channel, as slack:T012:C034 or discord:12:34. Repeatable."),
    ] = None,
) -> None:
    """Try a version on some conversations; '/voice status' compares."""
    with report_errors():
        registry().canary(name, version, who_types(), share=share, channels=channel or ())
        typer.echo(f"{version} of {name} is on trial. 'voice rollback {name}' ends it.")


@voice_cli.command("evaluate")
def voice_evaluate(
    name: VoiceFolder,
    questions: Annotated[
        Path | None,
        typer.Option(
            help="JSONL with 'question' and 'answer', or with 'answerable': false; "
            "default: questions.jsonl in the voice's folder.",
            exists=True,
        ),
    ] = None,
    version: Annotated[str | None, typer.Option(help="Such as v2; default: the newest.")] = None,
    pairs: Annotated[int, typer.Option(min=1, help="The most held-out pairs to write.")] = 40,
    seed: Annotated[list[int] | None, typer.Option(help="Of the bootstrap; 0 and 1.")] = None,
    margin: Annotated[
        float, typer.Option(min=0, max=1, help="By how much the tone must improve.")
    ] = 0.05,
    core_hour: Annotated[float, typer.Option(min=0, help="Price of a core for an hour.")] = 0.04,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="JSONL with 'question', 'answer', 'good': how far a judge agrees with people; "
            "default: labels.jsonl in the voice's folder.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    judge_version: Annotated[
        str, typer.Option(help="What the judge model must call itself; else what it says first.")
    ] = "",
    judge_decides: Annotated[
        bool, typer.Option("--judge-decides", help="Let the gate ask the judge model too.")
    ] = False,
    promote: Annotated[bool, typer.Option("--promote", help="Let it speak if it passes.")] = False,
    as_: As = None,
) -> None:
    """Judge a version on questions of yours: four arms, and the gate. Takes minutes."""

    async def job(app: App) -> None:
        from bot.shell.voicing.judging import evaluate_voice
        from jobs.evaluation.questions import KEPT

        told, where = await evaluate_voice(
            app,
            name,
            version,
            questions or app.settings.voices / name / KEPT,
            lambda line: typer.echo(line, err=True),
            pairs=pairs,
            seeds=seed or (0, 1),
            margin=margin,
            core_hour=core_hour,
            principals=as_ or (),
            labels=labels,
            judge_version=judge_version,
            judge_decides=judge_decides,
        )
        for each in told["gate"]["findings"]:
            typer.echo(f"{'passed' if each['passed'] else 'NOT PASSED'}: {each['reason']}")
        typer.echo(f"Report: {where / 'report.html'}")
        if promote and told["gate"]["passed"]:
            registry().promote(name, told["version"], who_types())
            typer.echo(f"{name} speaks with {told['version']}.")
        elif not told["gate"]["passed"]:
            typer.echo(f"{told['version']} stays a candidate.")

    run(job)


def _told(each: Version, live: str) -> list[str]:
    from bot.voice.versions.registry import STALE

    lines = [f"{each.id}{' (live)' if each.id == live else ''}"]
    if (made := each.manifest) is not None:
        settings = ", ".join(f"{key} {value}" for key, value in made.settings.items())
        lines += [
            f"  made {made.created_at:%Y-%m-%d %H:%M} UTC on {made.base} {made.base_sha256[:12]}",
            f"  data {made.data_sha256[:12]}, guide {made.guide_sha256[:12]}; {settings}",
        ]
        lines += [
            f"  {side}: " + ", ".join(f"{key} {value}" for key, value in measured.items())
            for side, measured in made.metrics.items()
        ]
    if each.is_stale:
        lines.append(f"  has {STALE}")
    if each.fault:
        lines.append(f"  cannot be used: {each.fault}")
    elif each.verdict is None:
        lines.append("  not judged")
    else:
        lines.append(f"  {'passed' if each.verdict.passed else 'not passed'}:")
        lines += [f"    {reason}" for reason in each.verdict.reasons]
    return lines


def _as_json(each: Version, live: str) -> dict[str, object]:
    return {
        "id": each.id,
        "live": each.id == live,
        "manifest": each.manifest.model_dump(mode="json") if each.manifest else None,
        "verdict": each.verdict.model_dump(mode="json") if each.verdict else None,
        "fault": each.fault,
        "stale": each.is_stale,
    }
