"""Whether the service is well, for people, supervisors and Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from service.api.access import Context
from service.api.instants import Instant, iso_or_none
from service.api.models.common import Answer
from service.runtime.heartbeat import Beat, Pulse
from service.runtime.views import Measure, Measures

router = APIRouter(tags=["health"])

NOT_TAKEN = "the receiver didn't take it; the log says what it answered"


class Alive(Answer):
    """The process runs."""

    status: str = "ok"


class HeartbeatAnswer(Answer):
    """How the last heartbeat went. ``paused``: a vital part doesn't live, so none was sent;
    ``failed``: all live, but the receiver didn't take it. ``sent_at``: of the newest that it
    took since the service started."""

    state: str
    reasons: list[str]
    sent_at: Instant | None


class Ready(Answer):
    """Whether the service can do its work; ``reasons`` say why not. ``degraded``: what doesn't work
    though the service is ready, such as a destination that is down, or dead letters. ``heartbeat``
    is null when the site wants none; it does not decide whether the service is ready."""

    ready: bool
    reasons: list[str]
    degraded: list[str]
    heartbeat: HeartbeatAnswer | None = None


@router.get("/healthz", summary="Is the process up")
async def healthz() -> Alive:
    """Answers as long as the event loop runs."""
    return Alive()


@router.get(
    "/readyz",
    summary="Is the service ready",
    response_model=Ready,
    responses={503: {"model": Ready, "description": "Not ready; the reasons say why"}},
)
async def readyz(context: Context) -> Response:
    """Ready once journal, state and history are; 503 with reasons else."""
    reasons = list(context.readiness())
    beat = None if context.heartbeat is None else _told(context.heartbeat())
    degraded = list(context.readiness.degraded())
    body = Ready(ready=not reasons, reasons=reasons, degraded=degraded, heartbeat=beat)
    return JSONResponse(body.model_dump(), 503 if reasons else 200)


for _path, _endpoint in (("/healthz", healthz), ("/readyz", readyz)):  # load balancers ask so
    router.add_api_route(_path, _endpoint, methods=["HEAD"], include_in_schema=False)


def _told(beat: Beat) -> HeartbeatAnswer:
    # Anybody may ask, and what a receiver said tells where it is: that is for the log.
    reasons = [NOT_TAKEN] if beat.pulse is Pulse.FAILED else list(beat.reasons)
    return HeartbeatAnswer(
        state=str(beat.pulse), reasons=reasons, sent_at=iso_or_none(beat.sent_ns)
    )


@router.get(
    "/metrics",
    summary="Counters of the service in Prometheus' format",
    response_class=PlainTextResponse,
)
async def metrics(request: Request) -> Response:
    """Read when scraped."""
    registry: CollectorRegistry = request.app.state.registry
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def registry_of(*sources: Measures) -> CollectorRegistry:
    """A registry of its own that asks ``sources`` at each scrape, and the process."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Scraped(sources))
    ProcessCollector(registry=registry)
    return registry


class _Scraped(Collector):
    def __init__(self, sources: Sequence[Measures]) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Any]:
        families: dict[str, Any] = {}
        for source in self._sources:
            for measure in source():
                family = families.setdefault(measure.name, _family(measure))
                family.add_metric(list(measure.labels.values()), measure.value)
        return iter(families.values())


def _family(measure: Measure) -> Any:
    kind = CounterMetricFamily if measure.counter else GaugeMetricFamily
    return kind(measure.name, measure.help, labels=list(measure.labels))
