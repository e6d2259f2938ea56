"""The voices and the models that speak them, as the settings name them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import SecretStr

from bot.errors import ConfigurationError
from bot.shell.settings import Settings, load_settings
from bot.voice.away.guarded import GuardedWriter, LoadedWriter
from bot.voice.model_weights import PACKAGED, PACKAGED_NAME, base_weights
from bot.voice.versions.served import stamp
from bot.voice.voice import Voice
from bot.voice.writer import Writer

if TYPE_CHECKING:
    from bot.voice.endpoint import EndpointModel

ENDPOINT = "endpoint"
_HELD = 2
_log = structlog.get_logger("housevoice")


def is_hub_id(model: str) -> bool:
    """Whether the setting names a model on a hub: ``owner/name``, and no such folder is here."""
    return model.count("/") == 1 and not Path(model).exists()


def voices(settings: Settings) -> Callable[[str | None], Voice]:
    """Voices by name, each read once for every change of what speaks; None is the configured one.

    A look at the disk with every answer tells whether it changed: a promotion or a rollback holds
    from the next answer on, in this process and in all others. What cannot be read then is told in
    the log, and the voice goes on as it was.
    """
    read: dict[str, tuple[tuple[int, int], Voice]] = {}

    def load(name: str) -> Voice:
        known = read.get(name)
        now = stamp(settings.voices / name)
        if known is not None and known[0] == now:
            return known[1]
        try:
            voice = Voice.load(settings.voices, name)
        except ConfigurationError as error:
            if known is None:
                raise
            _log.error("voice_unreadable", voice=name, reason=str(error))
            voice = known[1]
        read[name] = now, voice
        return voice

    return lambda name: load(name or settings.voice)


class Writers:
    """Writing models by what a voice is, each loaded at its first use, off the event loop.

    Two versions of a voice have one each, and so have two names for the same: an endpoint is asked
    by the name. Of one voice the two that were used last are held: what speaks, and its canary.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loading = asyncio.Lock()
        self._loaded: dict[tuple[str, str], LoadedWriter] = {}

    async def __call__(self, voice: Voice) -> Writer:
        """The model that speaks it."""
        key = (voice.name, voice.digest)
        async with self._loading:
            writer = self._loaded.pop(key, None)
            if writer is None:
                writer = await asyncio.to_thread(load_writer, self._settings, voice)
            self._loaded[key] = writer  # the last one used stands last
            for older in [each for each in self._loaded if each[0] == voice.name][:-_HELD]:
                del self._loaded[older]  # not closed: it may be in the middle of an answer
            return writer

    def away(self) -> dict[str, bool]:
        """By voice whether what speaks it is an endpoint that counts as away; see the circuit."""
        return {
            name: writer.is_away
            for (name, _), writer in self._loaded.items()  # the one used last stands last
            if isinstance(writer, GuardedWriter)
        }

    def close(self) -> None:
        """Let go of all that are held."""
        while self._loaded:
            self._loaded.popitem()[1].close()


def writers(settings: Settings) -> Writers:
    """The models that the settings name."""
    return Writers(settings)


def load_writer(settings: Settings, voice: Voice) -> LoadedWriter:
    """The model that speaks a voice; blocks for seconds. Raises what is told in its own words."""
    if settings.writer_model == ENDPOINT:
        if settings.writer_url is None:
            raise ConfigurationError(
                "HOUSEVOICE_WRITER_MODEL is 'endpoint': set HOUSEVOICE_WRITER_URL to its base URL."
            )
        endpoint = endpoint_model(
            settings, settings.writer_url, voice.name, settings.writer_api_key
        )
        packaged = settings.model_copy(update={"writer_model": PACKAGED})
        falls_back = settings.writer_fallback == PACKAGED
        instead = partial(_load_local, packaged, voice, must_fit=True) if falls_back else None
        return GuardedWriter(endpoint, instead, voice.name)
    # A LoRA fits the base it was trained on; the packaged voices were trained on the packaged one.
    return _load_local(settings, voice, must_fit=settings.writer_model != PACKAGED)


def endpoint_model(
    settings: Settings, url: str, model: str, key: SecretStr | None
) -> EndpointModel:
    """A model behind an OpenAI-compatible endpoint, as patient as the settings want it."""
    from bot.voice.endpoint import EndpointModel

    return EndpointModel(
        url,
        model,
        key.get_secret_value() if key else None,
        timeout=settings.writer_timeout,
        retries=settings.writer_retries,
    )


def _load_local(settings: Settings, voice: Voice, *, must_fit: bool) -> LoadedWriter:
    """``must_fit``: leave the LoRA out where another base than the model's is named in it."""
    from bot.voice.model import LocalModel

    weights = base_weights(settings.writer_model, settings.data / "weights")
    lora = voice.lora if not must_fit or _fits(voice, weights) else None
    return LocalModel.load(weights, lora, int8=settings.writer_int8)


def served_base(settings: Settings, voice: Voice) -> str:
    """The base model of a voice's LoRA, as another server is to be given it.

    The packaged one is its folder, made at the first use; others are named as they were trained.
    """
    base = voice.lora.base if voice.lora else ""
    if base == PACKAGED_NAME:
        return os.path.abspath(base_weights(PACKAGED, settings.data / "weights"))
    return settings.writer_model if _fits(voice, settings.writer_model) else base


def _fits(voice: Voice, weights: str) -> bool:
    return voice.lora is not None and voice.lora.base == os.path.basename(weights.rstrip("/"))


def train_voice(
    name: str, settings_of: Mapping[str, Any], report: Callable[[str], None]
) -> dict[str, Any]:
    """Train the LoRA of a voice; returns its model card's data (:mod:`jobs.training.voice`).

    ``settings_of``: :class:`jobs.training.voice.data.TrainingSettings` by name.
    """
    from jobs.training.voice.data import TrainingSettings
    from jobs.training.voice.finetune import train

    settings = load_settings()
    if settings.writer_model == ENDPOINT:
        raise ConfigurationError(
            "A LoRA is trained on a local model: set HOUSEVOICE_WRITER_MODEL to 'packaged' or "
            "to a folder."
        )
    if not is_hub_id(settings.writer_model):
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    voice = Voice.load(settings.voices, name)
    weights = base_weights(settings.writer_model, settings.data / "weights")
    return train(voice, weights, TrainingSettings(**settings_of), report)
