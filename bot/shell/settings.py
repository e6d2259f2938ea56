"""All settings, from environment variables and ``.env``; only ``app`` and ``cli`` read them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from bot.errors import ConfigurationError
from bot.types import Frame

_PROJECT = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """Immutable. Every field's description is the text of the configuration table."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_prefix="HOUSEVOICE_",
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
    )

    data: Path = Field(Path("data"), description="Folder in which everything is kept.")
    database_url: SecretStr | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="State in PostgreSQL instead of SQLite in the data folder: "
        "`postgresql://user:password@host/name`.",
    )
    weaviate_url: str | None = Field(
        None,
        validation_alias="WEAVIATE_URL",
        description="Passages in Weaviate instead of the embedded store: `http://host:8080`.",
    )
    weaviate_api_key: SecretStr | None = Field(
        None, validation_alias="WEAVIATE_API_KEY", description="API key for Weaviate."
    )
    weaviate_grpc_port: int = Field(
        50051, validation_alias="WEAVIATE_GRPC_PORT", description="Weaviate's gRPC port."
    )
    weaviate_replicas: int = Field(
        1,
        ge=1,
        description="On how many nodes of a Weaviate cluster each passage is kept; 3 survives the "
        "loss of one. A change builds the index anew.",
    )
    weaviate_shards: int | None = Field(
        None,
        ge=1,
        description="Parts that the index is cut into, spread over the nodes; default: one for "
        "each node. A change builds the index anew.",
    )
    weaviate_reads: Literal["ONE", "QUORUM", "ALL"] = Field(
        "ONE",
        description="How many replicas a search waits for; writes always wait for a `QUORUM`.",
    )
    weaviate_tenant: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="Where several installations share a Weaviate: a name of its own for each, "
        "which keeps their passages apart.",
    )
    store: Literal["auto", "embedded", "weaviate"] = Field(
        "auto",
        description="Where passages are wanted: `embedded` or `weaviate`; `auto`: in Weaviate if "
        "`WEAVIATE_URL` is set. After a change they move by themselves.",
    )
    embedder: str = Field(
        "packaged",
        description="`packaged` (all-mpnet-base-v2) or a folder with a BERT-like encoder. "
        "After a change the index is built anew by itself.",
    )
    voices: Path = Field(_PROJECT / "voices", description="Folder with one sub-folder per voice.")
    voice: str = Field("fernhill", description="The voice that answers unless another is named.")
    frame: Frame = Field(
        "light",
        description="How much of the voice stands around an answer: `full` (greeting, lead-in, "
        "quote and closing, every time), `light` (a greeting for the first answer of a "
        "conversation, a closing where it goes with the question) or `none` (the quote alone). A "
        "channel may have its own.",
    )
    writer_model: str = Field(
        "packaged",
        description="`packaged` (SmolLM2-135M-Instruct), a local folder, a Hugging Face id, "
        "or `endpoint`.",
    )
    writer_url: str | None = Field(
        None,
        description="Base URL of an OpenAI-compatible endpoint, for "
        "`HOUSEVOICE_WRITER_MODEL=endpoint`; the voice's name is asked for as model.",
    )
    writer_api_key: SecretStr | None = Field(None, description="API key for that endpoint.")
    writer_timeout: float = Field(
        60, gt=0, description="Seconds after which a try at the endpoint counts as failed."
    )
    writer_retries: int = Field(
        2, ge=0, le=10, description="Further tries at the endpoint after a passing failure."
    )
    writer_fallback: Literal["none", "packaged"] = Field(
        "none",
        description="What speaks while the endpoint is away: `packaged`, the packaged model; or "
        "`none`, and the asker is told that the answer failed. After three failures in a row the "
        "endpoint is left alone for 30 seconds.",
    )
    writer_freedom: Literal["quote", "restate", "compose"] = Field(
        "quote",
        description="`quote`: source sentences word for word; `restate`: the model rephrases them "
        "and a check decides; `compose`: it writes one answer from several passages and every "
        "sentence is checked. The last two, with which drafts are worded as well, are for models "
        "you trust more than the packaged one.",
    )
    writer_int8: bool = Field(
        True,
        description="Run a local model in int8 where the processor has AVX-512 VNNI: there it is "
        "twice as fast as fp32, elsewhere worse.",
    )
    judge_url: str | None = Field(None, description="Endpoint that `voice evaluate` asks as well.")
    judge_model: str = Field("", description="The model that is asked for there.")
    judge_api_key: SecretStr | None = Field(None, description="API key for that endpoint.")
    reader: str = Field(
        "packaged",
        description="Which model reads question and passage together: `packaged`, or a folder with "
        "a cross-encoder of your own (set the three thresholds below to its scores then).",
    )
    sure: float = Field(
        0.8,
        ge=0,
        le=1,
        description="How likely a passage must answer to be told as the answer; higher: fewer "
        "false answers, and more that are shown as uncertain.",
    )
    unsure: float = Field(
        0.25,
        ge=0,
        le=1,
        description="From which likelihood on the closest passage is shown, marked as uncertain; "
        'below it the bot says "I don\'t know".',
    )
    near: float = Field(
        0.025,
        ge=0,
        le=1,
        description='How near a page must come to be named beside "I don\'t know".',
    )
    glossary: Path | None = Field(
        None,
        description="A TOML file with your own words for things, so that more is found: "
        '`holiday = ["annual leave"]`.',
    )
    max_question_chars: int = Field(
        2000, gt=0, description="Longer questions get a request to shorten them."
    )
    refresh_at: str = Field(
        "0 3 * * *",
        description="When `serve` reads the sources again, as a line of crontab: every night at "
        "three. Empty: never.",
    )
    ray_address: str | None = Field(
        None,
        validation_alias="RAY_ADDRESS",
        description="Have other machines read the sources that are due, with the extra `ray`: the "
        "client server of a Ray cluster, `ray://head.example.com:10001`.",
    )
    train_at: str = Field(
        "",
        description="When `serve` trains voices with enough new wordings, and judges them, as a "
        "line of crontab. Empty: never.",
    )
    train_after: int = Field(
        20, gt=0, description="Wordings that must be approved since a voice's last training."
    )
    timezone: str | None = Field(
        None,
        description="Time zone of these times, such as `Europe/Berlin`; default: the machine's.",
    )
    deletion_share: float = Field(
        0.2,
        ge=0,
        le=1,
        description="Share of a source's documents that may vanish without an admin's word; if "
        "more do, they stay until `source approve`.",
    )
    recall_days: int = Field(
        14,
        ge=0,
        le=30,
        description="An answer so many days old is marked as outdated where it stands when what it "
        "quoted changes or goes; 0: none is.",
    )
    max_document_mb: int = Field(20, gt=0, description="Larger documents are skipped.")
    ocr: bool = Field(
        True,
        description="Recognise text in pictures where the extra `ocr` is installed: in files sent "
        "with a question, and in sources added with `--ocr`; `false`: in none.",
    )
    http_allow: tuple[str, ...] = Field(
        (),
        description="Hosts and networks that may be fetched although they are private, as JSON: "
        '`["wiki.corp.example", "10.1.0.0/16"]`.',
    )
    slack_bot_token: SecretStr | None = Field(
        None,
        validation_alias="SLACK_BOT_TOKEN",
        description="Slack: the bot token, `xoxb-…` ([how to get it](docs/slack.md)).",
    )
    slack_app_token: SecretStr | None = Field(
        None,
        validation_alias="SLACK_APP_TOKEN",
        description="Slack in Socket Mode, which needs no public address: the app-level token, "
        "`xapp-…`.",
    )
    slack_signing_secret: SecretStr | None = Field(
        None,
        validation_alias="SLACK_SIGNING_SECRET",
        description="Slack over HTTP instead of Socket Mode: the signing secret.",
    )
    slack_port: int = Field(
        3000,
        description="Port for Slack over HTTP; Slack is given `https://your.host/slack/events`.",
    )
    slack_api_url: str = Field(
        "https://slack.com/api/",
        validation_alias="SLACK_API_URL",
        description="Base URL of Slack's Web API, for a proxy or a test server.",
    )
    discord_token: SecretStr | None = Field(
        None,
        validation_alias="DISCORD_TOKEN",
        description="Discord: the bot token ([how to get it](docs/discord.md)).",
    )
    discord_message_content: bool = Field(
        False,
        description="Discord: ask for the privileged message-content intent, which unmentioned "
        "follow-ups in threads and unprompted answers need.",
    )
    discord_shards: int | None = Field(
        None, ge=1, description="Discord: number of shards; unset: as many as Discord recommends."
    )
    discord_api_url: str | None = Field(
        None,
        validation_alias="DISCORD_API_URL",
        description="Base URL of Discord's API, for a proxy or a test server.",
    )
    discord_gateway_url: str | None = Field(
        None,
        validation_alias="DISCORD_GATEWAY_URL",
        description="URL of Discord's gateway, for a proxy or a test server.",
    )
    console: str | None = Field(
        None,
        description="Address and port of the [console](docs/console.md), such as `127.0.0.1:8080`; "
        "unset: there is none. Beyond this machine it needs TLS or a trusted proxy.",
    )
    console_url: str | None = Field(
        None,
        description="The console's address as people open it, such as "
        "`https://housevoice.example.com`; default: where it listens.",
    )
    console_certificate: Path | None = Field(
        None, description="The console's TLS certificate with its chain, as PEM."
    )
    console_key: Path | None = Field(
        None, description="The private key of that certificate, as PEM."
    )
    console_proxies: tuple[str, ...] = Field(
        (),
        description="Addresses or networks of the proxies that speak TLS for the console, as JSON: "
        '`["10.0.0.2"]`. Only their `X-Forwarded-For` and `-Proto` are believed.',
    )
    metrics_token: SecretStr | None = Field(
        None,
        description="What a Prometheus on another machine sends as bearer token for the console's "
        "`/metrics`; unset: only this machine may read them.",
    )
    admins: tuple[str, ...] = Field(
        (),
        description="Further admins, besides those of the workspace, as principals in JSON: "
        '`["slack:group:S012AB", "discord:role:1234"]`.',
    )
    roles: dict[str, frozenset[str]] = Field(
        {},
        description="Names of your own for who may read, with the platforms' principals that stand "
        'for them, as JSON: `{"role:managers": ["slack:group:S012AB", "discord:role:1234"]}`.',
    )
    prompts: tuple[str, ...] = Field(
        ("What can you do?",),
        description="Questions that newcomers are offered, at most four, as JSON.",
    )
    person_hourly_limit: int = Field(
        60, ge=0, description="Questions that one person may ask in an hour; 0: no limit."
    )
    workspace_daily_limit: int = Field(
        5000, ge=0, description="Questions that a workspace may ask in a day; 0: no limit."
    )
    attachment_days: int = Field(
        30, ge=1, description="Days for which files sent with a question can be asked about."
    )
    history_days: int = Field(
        365,
        ge=0,
        description="Days for which questions and answers are kept, with their passages, opinions "
        "and gaps; 0: until you delete them ([privacy](docs/operators.md#privacy)).",
    )
    shutdown_seconds: float = Field(
        20, ge=0, description="Time to finish answers when the bot is stopped."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "WARNING", description="How much goes to the log on standard error."
    )

    @property
    def console_address(self) -> str:
        """Where people open the console, without a slash at the end; empty: there is none."""
        if self.console is None:
            return ""
        scheme = "https" if self.console_certificate else "http"
        return (self.console_url or f"{scheme}://{self.console}").rstrip("/")


def variable(name: str) -> str:
    """The environment variable of a setting, by the name of its field or by its alias."""
    field = Settings.model_fields.get(name.lower())
    if field is None:  # its alias, then, which is the variable itself
        return name
    return str(field.validation_alias or f"HOUSEVOICE_{name.upper()}")


def load_settings() -> Settings:
    """The settings; raises :class:`ConfigurationError` naming those that are wrong."""
    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join([variable(str(fault['loc'][0])), *map(str, fault['loc'][1:])])}: "
            f"{fault['msg']}"
            for fault in error.errors(include_input=False)
        )
        # Not the cause: its text holds the values, and one of them may be a password.
        raise ConfigurationError(f"{faults}. Correct it in .env or the environment.") from None
    except SettingsError as error:
        name = str(error).partition('"')[2].partition('"')[0]
        raise ConfigurationError(
            f"{variable(name)}: not JSON. .env.example shows how it is written. "
            "Correct it in .env or the environment."
        ) from None
