"""Every kind of connector: its settings model, and where its opener lives.

Openers are named, not imported, so that checking a site loads no client library.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any

from pydantic import BaseModel

from connectors.dingtalk.settings import DingTalkSettings
from connectors.duckdb.settings import DuckDbSettings
from connectors.email.settings import EmailSettings
from connectors.feishu.settings import FeishuSettings
from connectors.influxdb.settings import InfluxDbSettings
from connectors.opcua.address import parse_address
from connectors.opcua.settings import OpcUaSettings
from connectors.ping.settings import PingSettings
from connectors.simulator.settings import SimulatorSettings
from connectors.template.settings import TemplateSettings
from connectors.webhook.settings import WebhookSettings
from connectors.wecom.settings import WeComSettings


class Port(StrEnum):
    """Which port of the runtime a connector serves."""

    SOURCE = "source"
    HISTORY = "history"
    NOTIFIER = "notifier"
    HEARTBEAT = "heartbeat"
    """A notifier that is told nothing but that the service lives."""


@dataclass(frozen=True, slots=True)
class Connector:
    """One kind.

    opener: ``module:function``; a source's gives what opens it, again after each loss. address:
    reads a tag's ``node``, for checking it without the network; ValueError as ``expected …; came
    …``. None where any text is an address.
    """

    kind: str
    port: Port
    settings: type[BaseModel]
    opener: str
    address: Callable[[str], object] | None = None

    def load(self) -> Callable[..., Any]:
        """The function that opens it; imports the client library."""
        module, _, name = self.opener.partition(":")
        opener: Callable[..., Any] = getattr(import_module(module), name)
        return opener


CONNECTORS: tuple[Connector, ...] = (
    Connector(
        "opcua", Port.SOURCE, OpcUaSettings, "connectors.opcua.source:source_of", parse_address
    ),
    Connector("simulator", Port.SOURCE, SimulatorSettings, "connectors.simulator.source:source_of"),
    Connector("duckdb", Port.HISTORY, DuckDbSettings, "connectors.duckdb.history:open_history"),
    Connector(
        "influxdb", Port.HISTORY, InfluxDbSettings, "connectors.influxdb.history:open_history"
    ),
    Connector(
        "webhook", Port.NOTIFIER, WebhookSettings, "connectors.webhook.notifier:open_notifier"
    ),
    Connector("ping", Port.HEARTBEAT, PingSettings, "connectors.ping.notifier:open_notifier"),
    Connector("wecom", Port.NOTIFIER, WeComSettings, "connectors.wecom.notifier:open_notifier"),
    Connector(
        "dingtalk", Port.NOTIFIER, DingTalkSettings, "connectors.dingtalk.notifier:open_notifier"
    ),
    Connector("feishu", Port.NOTIFIER, FeishuSettings, "connectors.feishu.notifier:open_notifier"),
    Connector("email", Port.NOTIFIER, EmailSettings, "connectors.email.notifier:open_notifier"),
    Connector(
        "template", Port.NOTIFIER, TemplateSettings, "connectors.template.notifier:open_notifier"
    ),
)


def kinds(port: Port) -> dict[str, Connector]:
    """The connectors that serve ``port``, by kind."""
    return {c.kind: c for c in CONNECTORS if c.port is port}
