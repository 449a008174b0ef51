"""The panel: the value of any list of tags at any instant, as the plant's PLCs would publish it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from connectors.simulator.faults.board import consequences_at
from connectors.simulator.instruments import batches, kilns, solids, utilities
from connectors.simulator.instruments.gauge import Gauges, Look, Moment, Texts, Wobble
from connectors.simulator.instruments.kilns import KilnGauges
from connectors.simulator.plant import Plant
from connectors.simulator.process.reference import METER_INDEX, METERS, UNIT
from service.domain.arrays import Float64s, Index, UInt32s
from service.domain.instants import SECOND_NS
from service.domain.tag import Tag, TagKind

LOOKS: Mapping[str, Mapping[str, Look]] = {
    **solids.LOOKS,
    **batches.LOOKS,
    **kilns.LOOKS,
    **utilities.LOOKS,
}
TEXTS: Mapping[str, Texts] = {"PK": solids.lots, "GZ": batches.runs}
UNKNOWN_DECIMALS = 2


@dataclass(frozen=True, slots=True)
class Reading:
    """All tags at one instant, as the source sends them (before the tag's scale and offset).

    value: shape (n,), NaN for text and where the status is Bad. status: shape (n,), StatusCode.
    text: place -> text.
    """

    time_ns: int
    value: Float64s
    status: UInt32s
    text: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class _Group:
    """Tags with the same attribute of the same family: where they are, and of which machines."""

    attribute: str
    places: Index
    units: Index


class Panel:
    """Reads ``tags`` off ``plant``. Readings are asked for in the order of time.

    A tag that the model doesn't know gets a slow walk within its range, so that any tag list works.
    """

    def __init__(self, plant: Plant, tags: Sequence[Tag]) -> None:
        self.tags = tuple(tags)
        self._plant = plant
        self._place = {tag.id: place for place, tag in enumerate(tags)}
        self._kilns = KilnGauges()
        self._families: dict[str, Gauges] = {
            "CR": solids.crushing,
            "GR": batches.granulation,
            "CT": solids.coating,
            "CB": self._kilns,
            "GZ": batches.rectifiers,
            "FURNACE": batches.boxes,
            "SC": solids.screening,
            "DM": solids.demagnetization,
            "PK": solids.packaging,
            "RTO": utilities.oxidisers,
            "N2": utilities.nitrogen(lambda: self._kilns.n2_sum),
            "EL": utilities.power,
            "BL": utilities.blowers,
        }
        self._last_ns = plant.start_ns
        self._held: dict[str, float] = {}
        self._arrange()

    def read(self, time_ns: int) -> Reading:
        """All tags at ``time_ns``, to which the plant is moved first."""
        self._plant.advance_to(time_ns)
        self._plant.settle(time_ns)
        if len(self._meters) == len(self.tags):
            return self._publish(time_ns, self._plant.readings(time_ns)[self._meters], {})
        moment = Moment(self._plant, time_ns, max(time_ns - self._last_ns, 0) / SECOND_NS)
        self._last_ns = time_ns
        value = self._walk.copy()
        for family, groups in self._groups.items():
            shown = self._families[family](moment)
            for group in groups:
                value[group.places] = shown[group.attribute][group.units]
        value += self._noise * self._wobble.at(moment.time_s)
        np.clip(value, self._low, self._high, out=value)
        value = np.rint(value * self._fineness) / self._fineness
        value[self._meter_places] = self._plant.readings(time_ns)[self._meters]
        value[self._climbing] = np.floor(moment.time_s / 10.0)
        text = {
            place: shown_text[attribute][unit]
            for family, wanted in self._texts.items()
            for shown_text in [TEXTS[family](moment)]
            for place, attribute, unit in wanted
        }
        return self._publish(time_ns, value, text)

    def check(self, fault: str, target: str) -> None:
        """ValueError when the fault is for a tag that this panel doesn't have."""
        alone = consequences_at(fault, target)
        named = alone.reset | alone.drift.keys() | alone.frozen | alone.failed.keys()
        missing = sorted(named - self._place.keys() - self._areas.keys())
        if missing:
            raise ValueError(f"fault {fault} is for a tag of the site; {missing[0]} is none")

    def _publish(self, time_ns: int, value: Float64s, text: dict[int, str]) -> Reading:
        """Lays over the values what faults do between instrument and server."""
        consequences = self._plant.board.consequences
        self._held = {tag: v for tag, v in self._held.items() if tag in consequences.frozen}
        for tag in consequences.frozen & self._place.keys():
            place = self._place[tag]
            value[place] = self._held.setdefault(tag, float(value[place]))
        raw = value
        if len(self._scaled):
            raw = (value - self._offset) / self._scale
            raw[self._whole] = np.rint(raw[self._whole])
        raw[self._text_places] = np.nan
        status = np.zeros(len(raw), np.uint32)
        for target, code in consequences.failed.items():
            places = self._areas.get(target)
            if places is None:
                places = np.array([self._place[target]] if target in self._place else [], np.intp)
            status[places] = code
            raw[places] = np.nan
            text = {place: t for place, t in text.items() if not status[place]}
        return Reading(time_ns, raw, status, text)

    def _arrange(self) -> None:
        """Sorts the tags by what is known of them, once."""
        n = len(self.tags)
        moment = Moment(self._plant, self._plant.start_ns, 0.0)
        offered = {family: gauges(moment).keys() for family, gauges in self._families.items()}
        known: dict[tuple[str, str], list[tuple[int, int]]] = {}
        self._texts: dict[str, list[tuple[int, str, int]]] = {}
        self._walk = np.zeros(n)
        self._noise = np.zeros(n)
        self._fineness = np.full(n, 10.0**UNKNOWN_DECIMALS)
        climbing, meters = [], []
        for place, tag in enumerate(self.tags):
            asset, _, attribute = tag.id.rpartition("-")
            family, unit = UNIT.get(asset, ("", 0))
            if tag.id in METER_INDEX:
                meters.append(place)
            elif tag.kind is TagKind.TEXT:
                if family in TEXTS and attribute in TEXTS[family](moment):
                    self._texts.setdefault(family, []).append((place, attribute, unit))
            elif attribute in offered.get(family, ()):
                known.setdefault((family, attribute), []).append((place, unit))
                look = LOOKS.get(family, {}).get(attribute, Look())
                self._noise[place], self._fineness[place] = look.noise, 10.0**look.decimals
            elif tag.kind is TagKind.COUNTER:
                climbing.append(place)
            elif tag.kind is TagKind.ANALOG:
                low, high = tag.low or 0.0, 100.0 if tag.high is None else tag.high
                self._walk[place], self._noise[place] = (low + high) / 2.0, 0.2 * (high - low)
            else:
                self._walk[place] = 1.0
        self._groups: dict[str, list[_Group]] = {}
        for (family, attribute), found in known.items():
            places, units = np.array(found, np.intp).T
            self._groups.setdefault(family, []).append(_Group(attribute, places, units))
        self._meter_places = np.array(meters, np.intp)
        self._meters = np.array([METER_INDEX[self.tags[p].id] for p in meters], np.intp)
        self._climbing = np.array(climbing, np.intp)
        self._arrange_columns()

    def _arrange_columns(self) -> None:
        tags = self.tags
        self._wobble = Wobble(self._plant.seed, [tag.id for tag in tags])
        analog = [tag.kind is TagKind.ANALOG for tag in tags]
        bounds = [
            (tag.low, tag.high) if a else (None, None) for tag, a in zip(tags, analog, strict=True)
        ]
        self._low = np.array([-np.inf if low is None else low for low, _ in bounds])
        self._high = np.array([np.inf if high is None else high for _, high in bounds])
        self._scale = np.array([tag.scale for tag in tags])
        self._offset = np.array([tag.offset for tag in tags])
        self._scaled = np.flatnonzero((self._scale != 1.0) | (self._offset != 0.0))
        # A PLC that scales its values sends whole numbers.
        self._whole = np.flatnonzero((self._scale != 1.0) & np.array(analog, np.bool_))
        self._text_places = np.array(
            [place for place, tag in enumerate(tags) if tag.kind is TagKind.TEXT], np.intp
        )
        areas: dict[str, list[int]] = {}
        for place, tag in enumerate(tags):
            areas.setdefault(tag.area, []).append(place)
        self._areas = {area: np.array(places, np.intp) for area, places in areas.items()}


def meter_tags(tags: Sequence[Tag]) -> list[Tag]:
    """Those of ``tags`` that measure a stage's output, in the order of the plant's meters."""
    by_id = {tag.id: tag for tag in tags}
    return [by_id[meter.tag] for meter in METERS if meter.tag in by_id]
