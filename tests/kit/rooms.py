"""The rooms of the house, which of them may import which, and where each vendor lives."""

from __future__ import annotations

OURS = ("bot", "knowledge", "adapters", "jobs")
NOUNS = (
    *("bot.types", "bot.errors", "bot.cards", "bot.ports", "bot.source_ports"),
    *("bot.failures", "bot.findings", "bot.journey"),
)
KNOWN = ("knowledge.types", "knowledge.errors")
OF_KNOWLEDGE = (*KNOWN, "knowledge.state", "knowledge.text", "knowledge.parsing.inline")
"""What the conversation may know of knowledge: nouns, tables and words, no storage and no model."""

# Rooms in the order in which they rest on each other: each may import those before it.
BOT = ("bot.voice", "bot.answers", "bot.conversation", "bot.desk")
KNOWLEDGE = (
    ("knowledge.parsing", "knowledge.web", "knowledge.state"),
    ("knowledge.text",),
    ("knowledge.documents", "knowledge.sources"),
    ("knowledge.embedding", "knowledge.stores"),
    ("knowledge.retrieval",),
    ("knowledge.library",),
)

# A module or package to what of ours it may import; the first that fits decides.
ARROWS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("bot.shell", OURS),
    ("bot.__main__", ("bot.shell.cli",)),
    *((room, (*NOUNS, *BOT[: n + 1], *OF_KNOWLEDGE)) for n, room in enumerate(BOT)),
    ("bot", (*NOUNS, *KNOWN)),
    (
        "adapters",
        (
            "adapters",
            *NOUNS,
            "bot.conversation",
            "bot.desk",
            *KNOWN,
            "knowledge.sources.port",
            "knowledge.sources.options",
            "knowledge.sources.chat",  # the port of channels' histories, and what reads them
        ),
    ),
    ("jobs", ("jobs", *NOUNS, *BOT, "knowledge")),
    (
        "knowledge.sources.port",
        ("knowledge.sources.options", *KNOWN, "knowledge.web.url_secrets"),
    ),
    *(
        (room, (room, *KNOWN, *(each for below in KNOWLEDGE[:n] for each in below)))
        for n, level in enumerate(KNOWLEDGE)
        for room in level
    ),
    ("knowledge", KNOWN),
)
SHELL = "bot.shell"
"""What puts everything together; nothing else knows of it, nor of the settings in it."""

READER = tuple(
    f"knowledge.retrieval.{module}"
    for module in ("cross_encoder", "encoding", "judge_network", "network", "scoring", "shipped")
)

# Vendor to the modules that may import it.
HOMES: dict[str, tuple[str, ...]] = {
    "slack_bolt": ("adapters.slack*",),
    "slack_sdk": ("adapters.slack*",),
    "discord": ("adapters.discord*",),
    "weaviate": ("knowledge.stores.weaviate*",),
    "apscheduler": ("jobs.schedule*",),
    "ray": ("jobs.machines",),
    "langchain_community": (),  # by the name of its modules only, in a process of their own
    "cv2": ("knowledge.documents.recogniser",),
    "onnxruntime": ("knowledge.documents.recogniser",),
    "rapidocr": ("knowledge.documents.recogniser",),
    "torch": (
        "bot.voice.model*",
        "knowledge.embedding.local*",
        "knowledge.embedding.processors",
        *READER,
        "jobs.training*",
    ),
    "transformers": (
        "bot.voice.model*",
        "knowledge.embedding.local*",
        *READER,
        "jobs.training.voice*",
    ),
    "peft": ("bot.voice.model*", "knowledge.embedding.local*", "jobs.training.voice*"),
    # The clients of Weaviate and of OpenAI let errors of the httpx below them through; they are
    # mapped there.
    "httpx": (
        "knowledge.web*",
        "knowledge.stores.weaviate*",
        "bot.voice.endpoint*",
    ),
    "jinja2": ("adapters.browser*",),
    "prometheus_client": ("bot.shell.watching.metrics", "adapters.browser.probes"),
    "opentelemetry": ("bot.shell.watching.traces",),
    "starlette": ("adapters.browser*",),
    "uvicorn": ("adapters.browser*",),
    "pydantic_settings": ("bot.shell.settings",),
}
