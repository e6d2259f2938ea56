"""The training of voices at set times, put together."""

from __future__ import annotations

from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.voices.wordings import Wordings
from bot.desk.voices.making import Work
from bot.shell.indexing import now
from bot.shell.settings import Settings
from bot.shell.sources import schedules_of
from bot.voice.versions.registry import Registry
from bot.voice.voice import names
from jobs.admins import Admins
from jobs.voice_training import Prepares, VoiceTraining
from knowledge.library.leases import Leases


def voice_training(
    settings: Settings,
    engine: AsyncEngine,
    wordings: Wordings,
    files: Prepares,
    work: Work,
    admins: Admins,
) -> VoiceTraining:
    """The job. Raises :class:`ConfigurationError` for a time that is none."""
    return VoiceTraining(
        engine=engine,
        last=partial(schedules_of(settings, settings.train_at).last, ""),
        fewest=settings.train_after,
        voices=partial(names, settings.voices),
        wordings=wordings,
        files=files,
        work=work,
        registry=Registry(settings.voices, now),
        leases=Leases(engine, now),
        admins=admins,
        clock=now,
    )
