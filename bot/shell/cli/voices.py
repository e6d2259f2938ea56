"""Listing voices and training them."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.shell.cli.shared import report_errors

voice_cli = typer.Typer(
    help="Make voices of your own writing, train and judge them, and choose what is spoken.",
    no_args_is_help=True,
)
VoiceFolder = Annotated[str, typer.Argument(metavar="VOICE", help="The voice's folder name.")]


@voice_cli.command("list")
def voice_list() -> None:
    """List the voices."""
    from bot.shell.settings import load_settings
    from bot.voice.versions.served import read_served
    from bot.voice.voice import Voice, names

    with report_errors():
        root = load_settings().voices
        for name in names(root):
            voice = Voice.load(root, name)
            tuned = f"LoRA ({read_served(voice.folder).live})" if voice.lora else "no LoRA"
            typer.echo(f"{name}  {len(voice.examples)} examples, {tuned}. {voice.guide.about}")


@voice_cli.command("train")
def voice_train(
    name: VoiceFolder,
    epochs: Annotated[int, typer.Option(min=1, max=20, help="Times through the pairs.")] = 3,
    seed: Annotated[int, typer.Option(help="Decides the split and the order.")] = 0,
) -> None:
    """Train a voice's LoRA on its examples and write its model card (minutes, on a CPU)."""
    with report_errors():
        from bot.shell.models import train_voice

        card = train_voice(name, epochs, seed, lambda line: typer.echo(line, err=True))
        base, tuned = card["held_out"]["base"], card["held_out"]["tuned"]
        typer.echo(
            f"Made {card['version']} of '{name}' in {card['training_seconds']} s. Held-out pairs: "
            f"perplexity "
            f"{base['perplexity']} -> {tuned['perplexity']}, all markers kept "
            f"{base['all_markers']:.0%} -> {tuned['all_markers']:.0%}. "
            f"It is a candidate: 'voice evaluate {name}' judges it."
        )
