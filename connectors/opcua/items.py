"""From tags to monitored items: addresses resolved, items created in chunks, refusals kept."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from asyncua import ua
from asyncua.client.ua_session import UaSession

from connectors.opcua.address import parse_address
from connectors.opcua.settings import Timing
from service.domain.tag import Tag

BAD_NODE_ID_INVALID = 0x8033_0000
BAD_NODE_ID_UNKNOWN = 0x8034_0000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Server:
    """What is asked of a server first. max_items_per_call: 0 when it names no limit."""

    namespaces: tuple[str, ...]
    max_items_per_call: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """An item to create: the client handle by which its values will come, and its node."""

    handle: int
    node: ua.NodeId


@dataclass(frozen=True, slots=True)
class RejectedItem:
    """A tag that gets no values, with the status that says why."""

    tag: int
    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Created:
    """What became of wanted items. statuses: one for each. The intervals (ms) and queue sizes are
    the smallest and largest that the server made of those asked for."""

    statuses: tuple[int, ...]
    sampling_ms: tuple[float, float] | None
    queue_size: tuple[int, int] | None


async def read_server(services: UaSession) -> Server:
    """Namespaces and limits. Raises asyncua's errors; a limit that can't be read is none."""
    parameters = ua.ReadParameters()
    for identifier in (
        ua.ObjectIds.Server_NamespaceArray,
        ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
    ):
        wanted = ua.ReadValueId()
        wanted.NodeId = ua.NodeId(identifier)
        wanted.AttributeId = ua.AttributeIds.Value
        parameters.NodesToRead.append(wanted)
    namespaces, limit = await services.read(parameters)
    namespaces.StatusCode.check()
    is_known = limit.StatusCode.is_good() and isinstance(limit.Value.Value, int)
    return Server(tuple(namespaces.Value.Value), limit.Value.Value if is_known else 0)


def resolve(
    tags: Mapping[int, Tag], namespaces: Sequence[str]
) -> tuple[dict[int, ua.NodeId], list[RejectedItem]]:
    """The node of each tag number, and the tags whose address names nothing on this server."""
    nodes = {}
    rejected = []
    index_of = {uri: index for index, uri in reversed(list(enumerate(namespaces)))}
    for number, tag in tags.items():
        try:
            address = parse_address(tag.node)
        except ValueError as error:
            rejected.append(RejectedItem(number, BAD_NODE_ID_INVALID, str(error)))
            continue
        index: int | None = address.index
        if address.uri is not None:
            index = index_of.get(address.uri)
        if index is None:
            reason = f"the server has no namespace {address.uri}"
            rejected.append(RejectedItem(number, BAD_NODE_ID_UNKNOWN, reason))
        else:
            nodes[number] = ua.NodeId(address.identifier, index)
    return nodes, rejected


async def create_items(
    services: UaSession,
    subscription: int,
    wanted: Sequence[Wanted],
    *,
    timing: Timing,
    per_call: int,
) -> Created:
    """Creates ``wanted``, at most ``per_call`` in one request, fewer where the server insists.

    Raises asyncua's errors when a request as a whole fails.
    """
    statuses: list[int] = []
    sampling_ms: list[float] = []
    queue_sizes: list[int] = []
    while len(statuses) < len(wanted):
        chunk = wanted[len(statuses) : len(statuses) + per_call]
        parameters = ua.CreateMonitoredItemsParameters()
        parameters.SubscriptionId = subscription
        parameters.TimestampsToReturn = ua.TimestampsToReturn.Both
        parameters.ItemsToCreate = [_request(item, timing) for item in chunk]
        try:
            results = await services.create_monitored_items(parameters)
        except ua.uaerrors.BadTooManyOperations:
            if per_call == 1:
                raise
            per_call = max(1, per_call // 2)
            _log.info("opcua.smaller_calls items_per_call=%d", per_call)
            continue
        if len(results) != len(chunk):
            raise ua.UaError(f"{len(chunk)} items were asked for; {len(results)} results came")
        for result in results:
            statuses.append(result.StatusCode.value)
            if result.StatusCode.is_good():
                sampling_ms.append(result.RevisedSamplingInterval)
                queue_sizes.append(result.RevisedQueueSize)
    if not sampling_ms:
        return Created(tuple(statuses), None, None)
    return Created(
        tuple(statuses),
        (min(sampling_ms), max(sampling_ms)),
        (min(queue_sizes), max(queue_sizes)),
    )


def _request(item: Wanted, timing: Timing) -> ua.MonitoredItemCreateRequest:
    request = ua.MonitoredItemCreateRequest()
    request.ItemToMonitor.NodeId = item.node
    request.ItemToMonitor.AttributeId = ua.AttributeIds.Value
    request.MonitoringMode = ua.MonitoringMode.Reporting
    request.RequestedParameters.ClientHandle = item.handle
    request.RequestedParameters.SamplingInterval = timing.sampling_ms
    request.RequestedParameters.QueueSize = timing.queue_size
    request.RequestedParameters.DiscardOldest = True
    return request
