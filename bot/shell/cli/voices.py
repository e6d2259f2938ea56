"""Listing voices and training them."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from bot.shell.cli.shared import report_errors

Method = Literal["lora", "dora", "rslora", "ia3", "prefix", "top", "full"]
_RATES = {"ia3": 0.008, "prefix": 0.01, "top": 0.0001, "full": 0.00005}
"""Learning rates of methods that want another than LoRA's."""
_RATE = 0.0005
Schedule = Literal["cosine", "linear", "constant"]
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
    method: Annotated[Method, typer.Option(help="What is trained; see docs/voices.md.")] = "lora",
    rank: Annotated[int, typer.Option(min=1, help="Of lora, dora and rslora.")] = 16,
    virtual_tokens: Annotated[int, typer.Option(min=1, help="Of prefix.")] = 20,
    top_layers: Annotated[int, typer.Option(min=1, help="Of top: layers that learn.")] = 4,
    learning_rate: Annotated[
        float | None, typer.Option(help="0.0005; ia3 0.008, prefix 0.01, top 0.0001, full 0.00005.")
    ] = None,
    schedule: Annotated[Schedule, typer.Option(help="How the learning rate falls.")] = "cosine",
    weight_decay: Annotated[float, typer.Option(min=0)] = 0.0,
    dropout: Annotated[float, typer.Option(min=0, max=0.9)] = 0.05,
    batch: Annotated[int, typer.Option(min=1, help="Pairs a step.")] = 8,
    accumulate: Annotated[
        int, typer.Option(min=1, help="Parts that a batch is read in: less memory.")
    ] = 1,
    gradient_checkpointing: Annotated[
        bool, typer.Option("--gradient-checkpointing", help="Less memory, a third more time.")
    ] = False,
    patience: Annotated[
        int, typer.Option(min=1, help="Epochs without a better validation before it stops.")
    ] = 2,
) -> None:
    """Train a version of a voice on its examples (minutes, on a CPU). A killed run goes on."""
    with report_errors():
        from bot.shell.models import train_voice

        settings = {
            "method": method,
            "rank": rank,
            "alpha": 2 * rank,
            "virtual_tokens": virtual_tokens,
            "top_layers": top_layers,
            "learning_rate": learning_rate or _RATES.get(method, _RATE),
            "schedule": schedule,
            "weight_decay": weight_decay,
            "dropout": dropout,
            "batch": batch,
            "accumulate": accumulate,
            "gradient_checkpointing": gradient_checkpointing,
            "patience": patience,
            "epochs": epochs,
            "seed": seed,
        }
        card = train_voice(name, settings, lambda line: typer.echo(line, err=True))
        base, tuned = card["held_out"]["base"], card["held_out"]["tuned"]
        typer.echo(
            f"Made {card['version']} of '{name}' in {card['training_seconds']} s. Held-out pairs: "
            f"perplexity "
            f"{base['perplexity']} -> {tuned['perplexity']}, all markers kept "
            f"{base['all_markers']:.0%} -> {tuned['all_markers']:.0%}. "
            f"It is a candidate: 'voice evaluate {name}' judges it."
        )
