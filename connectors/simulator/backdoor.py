"""What no real plant has: nodes that inject and clear faults, and that tell the truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from asyncua import Server, ua

from connectors.simulator.addressspace import NAMESPACE, Published, put, slot_of
from connectors.simulator.faults.board import Label
from connectors.simulator.panel import Panel
from connectors.simulator.plant import Plant
from connectors.simulator.process.reference import STAGES
from service.domain.instants import to_datetime, to_iso

REFUSED = ua.StatusCode(ua.StatusCodes.BadInvalidArgument)
LABELS_SHOWN = 200


class Backdoor:
    """Objects/Faults with Inject, Clear, Active and Labels, and Objects/Truth with true tonnes."""

    def __init__(self, plant: Plant, panel: Panel, now_ns: Callable[[], int]) -> None:
        """now_ns: the plant's time of the moment."""
        self._plant = plant
        self._panel = panel
        self._now_ns = now_ns
        self._slots: dict[str, Any] = {}
        self._shown: dict[str, Any] = {}

    async def build(self, server: Server) -> None:
        """Makes the nodes; their string ids are Faults, Faults.Inject, Truth.CR and so on."""
        index = await server.register_namespace(NAMESPACE)
        text, number = ua.VariantType.String, ua.VariantType.Double
        objects = server.nodes.objects
        faults = await objects.add_object(ua.NodeId("Faults", index), f"{index}:Faults")
        await faults.add_method(
            ua.NodeId("Faults.Inject", index),
            f"{index}:Inject",
            self._inject,
            [_argument("name", text), _argument("target", text), _argument("duration_s", number)],
            [_argument("label", text)],
        )
        await faults.add_method(
            ua.NodeId("Faults.Clear", index),
            f"{index}:Clear",
            self._clear,
            [_argument("target", text)],
            [_argument("cleared", ua.VariantType.UInt32)],
        )
        truth = await objects.add_object(ua.NodeId("Truth", index), f"{index}:Truth")
        for parent, name, value, kind in (
            (faults, "Faults.Active", [], text),
            (faults, "Faults.Labels", "[]", text),
            *((truth, f"Truth.{stage.id}", 0.0, number) for stage in STAGES),
        ):
            node_id = ua.NodeId(name, index)
            await parent.add_variable(node_id, f"{index}:{name.split('.')[1]}", value, kind)
            self._slots[name] = slot_of(server, node_id)

    async def write(self, time_ns: int) -> None:
        """Shows faults and truth as they are at ``time_ns``."""
        time = to_datetime(time_ns)
        active = [f"{i.fault.id} {i.target}" for i in self._plant.board.active]
        await self._show("Faults.Active", active, ua.VariantType.String, time)
        labels = [_as_json(label) for label in self._plant.labels(LABELS_SHOWN)]
        await self._show("Faults.Labels", json.dumps(labels), ua.VariantType.String, time)
        for stage in STAGES:
            true_t = self._plant.true_t(stage.id)
            await self._show(f"Truth.{stage.id}", true_t, ua.VariantType.Double, time)

    async def _show(self, name: str, value: Any, kind: ua.VariantType, time: datetime) -> None:
        if self._shown.get(name) != value:
            self._shown[name] = value
            variant = ua.Variant(value, kind, is_array=isinstance(value, list))
            await put(self._slots[name], Published(variant, ua.StatusCode(), time, time))

    # asyncua awaits a method only when it is a coroutine function; else it runs in a thread.
    async def _inject(self, _parent: ua.NodeId, *given: ua.Variant) -> Any:
        try:
            fault, target, duration_s = (variant.Value for variant in given)
            self._panel.check(str(fault), str(target))
            label = self._plant.inject(
                str(fault),
                str(target),
                at_ns=min(self._now_ns(), self._plant.now_ns),
                duration_s=float(duration_s) if duration_s > 0 else None,
            )
        except (TypeError, ValueError):
            return REFUSED
        return [ua.Variant(json.dumps(_as_json(label)), ua.VariantType.String)]

    async def _clear(self, _parent: ua.NodeId, *given: ua.Variant) -> Any:
        if len(given) != 1:
            return REFUSED
        cleared = self._plant.clear(str(given[0].Value or ""), at_ns=self._now_ns())
        return [ua.Variant(cleared, ua.VariantType.UInt32)]


def _argument(name: str, kind: ua.VariantType) -> ua.Argument:
    argument = ua.Argument()
    argument.Name = name
    argument.DataType = ua.NodeId(kind.value)
    argument.ValueRank = -1
    argument.Description = ua.LocalizedText(name)
    return argument


def _as_json(label: Label) -> dict[str, str | float | None]:
    """A label with times as text."""
    row = asdict(label)
    ended_ns = row.pop("ended_ns")
    return {
        "fault": row["fault"],
        "target": row["target"],
        "size": row["size"],
        "injected_at": to_iso(row["injected_ns"]),
        "ends_at": to_iso(row["ends_ns"]),
        "ended_at": None if ended_ns is None else to_iso(ended_ns),
        "lost_t": round(row["lost_t"], 3),
        "false_t": round(row["false_t"], 3),
    }
