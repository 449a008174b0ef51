"""The plant's address space: a node for each tag, and writing to them as little as needed.

Everything goes straight into asyncua's value store. Its write service costs a millisecond for a
few values, and a subscribed value is copied deeply each time; at 10,000 tags a second both matter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from asyncua import Node, Server, ua

from connectors.simulator.panel import Reading
from service.domain.instants import to_datetime
from service.domain.tag import Tag, TagKind
from service.runtime.clock import Clock

NAMESPACE = "urn:anodewatch:plant"
NODE = re.compile(r"nsu=(?P<uri>[^;]+);s=(?P<id>.+)", re.DOTALL)
PAUSE_AFTER = 500
"""Nodes made, or values written, before other tasks get their turn."""


class Published(ua.DataValue):  # type: ignore[misc]  # asyncua is not typed
    """A value that nobody changes any more, so that a copy of it is the value itself."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Published:
        return self


class Nodes:
    """The nodes of ``tags``, in their order."""

    def __init__(self, tags: Sequence[Tag], clock: Clock) -> None:
        """ValueError names a tag whose node the simulator can't serve."""
        self._addresses = [address_of(tag) for tag in tags]
        self._tags = tuple(tags)
        self._clock = clock
        self._types = [variant_type(tag) for tag in tags]
        self._slots: list[Any] = []
        self._value = np.full(len(tags), np.nan)
        self._status = np.full(len(tags), np.iinfo(np.uint32).max, np.uint32)
        self._text: dict[int, str] = {}
        self.written = 0

    async def build(self, server: Server) -> None:
        """Makes the nodes: Objects/Plant/<area>/<equipment>/<tag>."""
        spaces: dict[str, int] = {}
        folders: dict[str, Node] = {}
        index = await server.register_namespace(NAMESPACE)
        root = await server.nodes.objects.add_folder(ua.NodeId("Plant", index), f"{index}:Plant")
        for made, tag in enumerate(self._tags):
            (uri, identifier), kind = self._addresses[made], self._types[made]
            if uri not in spaces:
                spaces[uri] = await server.register_namespace(uri)
            for folder, parent in ((tag.area, "Plant"), (tag.asset, tag.area)):
                if folder not in folders:
                    inside = folders.get(parent, root)
                    folders[folder] = await inside.add_folder(
                        ua.NodeId(folder, index), f"{index}:{folder}"
                    )
            node_id = ua.NodeId(identifier, spaces[uri])
            await folders[tag.asset].add_variable(
                node_id, ua.QualifiedName(tag.id, spaces[uri]), empty(kind), kind
            )
            self._slots.append(slot_of(server, node_id))
            if made % PAUSE_AFTER == 0:
                await self._clock.sleep(0)

    async def write(self, reading: Reading) -> int:
        """Writes what has changed since the reading before; returns how many values that were."""
        same = (reading.value == self._value) | (np.isnan(reading.value) & np.isnan(self._value))
        changed = np.flatnonzero(~same | (reading.status != self._status)).tolist()
        changed += [place for place, t in reading.text.items() if self._text.get(place) != t]
        time = to_datetime(reading.time_ns)
        for count, place in enumerate(dict.fromkeys(changed), 1):
            await put(self._slots[place], self._published(reading, place, time))
            if count % PAUSE_AFTER == 0:
                await self._clock.sleep(0)
        self._value, self._status = reading.value, reading.status
        self._text.update(reading.text)
        self.written += len(changed)
        return len(changed)

    def _published(self, reading: Reading, place: int, time: datetime) -> Published:
        status = int(reading.status[place])
        kind = self._types[place]
        if status >> 31:
            variant = ua.Variant(None, ua.VariantType.Null)
        elif kind is ua.VariantType.String:
            variant = ua.Variant(reading.text.get(place, ""), kind)
        else:
            variant = ua.Variant(native(float(reading.value[place]), kind), kind)
        return Published(variant, ua.StatusCode(status), time, time)


async def put(slot: Any, value: ua.DataValue) -> None:
    """Puts ``value`` into a node's value slot and tells the subscriptions on it."""
    slot.value = value
    for handle, tell in tuple(slot.datachange_callbacks.items()):
        await tell(handle, value)


def slot_of(server: Server, node_id: ua.NodeId) -> Any:
    """Where asyncua keeps the node's value and its subscribers."""
    return server.iserver.aspace[node_id].attributes[ua.AttributeIds.Value]


def address_of(tag: Tag) -> tuple[str, str]:
    """Namespace URI and string identifier of the tag's node."""
    found = NODE.fullmatch(tag.node)
    if found is None:
        raise ValueError(
            f"tag {tag.id}: the simulator serves nodes such as nsu={NAMESPACE};s={tag.id}; "
            f"came {tag.node!r}"
        )
    return found["uri"], found["id"]


def variant_type(tag: Tag) -> ua.VariantType:
    """The data type with which a PLC would send the tag."""
    match tag.kind:
        case TagKind.BOOLEAN:
            return ua.VariantType.Boolean
        case TagKind.STATE:
            return ua.VariantType.Int32
        case TagKind.TEXT:
            return ua.VariantType.String
        case TagKind.COUNTER if tag.rollover is not None and tag.rollover <= 2**16:
            return ua.VariantType.UInt16
        case TagKind.COUNTER if tag.rollover is not None and tag.rollover <= 2**32:
            return ua.VariantType.UInt32
        case TagKind.ANALOG if tag.scale != 1.0:
            return ua.VariantType.Int32
    return ua.VariantType.Double


def native(value: float, kind: ua.VariantType) -> float | int | bool:
    """``value`` as Python's type for ``kind``."""
    if kind is ua.VariantType.Double:
        return value
    if kind is ua.VariantType.Boolean:
        return value != 0.0
    return round(value)


def empty(kind: ua.VariantType) -> Any:
    """What a node holds before its first value."""
    return "" if kind is ua.VariantType.String else native(0.0, kind)
