"""Judging a balance rule before one stage: do its meters agree with those of its suppliers?

It is judged at each full hour. Each judgement comes from the book alone, so a restart and a replay
judge alike. When a mismatch stands, the balances of the rule's other stages tell whose scale it is:
a drifting scale spoils the balances on both of its sides, a real loss between two spoils one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Bools, Int64s
from service.domain.balance import (
    COVERAGE_FACTOR,
    Balance,
    BalanceState,
    Node,
    Weighed,
    balance,
    nodes_of,
)
from service.domain.detection.drift import Judged, Windows
from service.domain.instants import DAY_NS, HOUR_NS
from service.domain.judge import FALSE, TRUE, UNKNOWN
from service.domain.line import Line, Stage
from service.domain.production.windows import StageWindows
from service.domain.reconcile import Flow, Reconciled, balances_of, reconcile
from service.domain.rules import BalanceRule

CODE = {
    BalanceState.BALANCED: FALSE,
    BalanceState.SURPLUS: TRUE,
    BalanceState.SHORTAGE: TRUE,
    BalanceState.UNKNOWN: UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Suspect:
    """Whose scale does not fit: a stage, or several of which the balances can't tell which; none
    when it is the stock or a real loss, or nothing is out of proportion."""

    stages: tuple[str, ...]

    def words(self, line: Line) -> str:
        """For people, in both languages."""
        found = [line.stage_by_id[stage] for stage in self.stages]
        if not found:
            return (
                "no single scale explains it: material is lost, or stock has changed / "
                "单台衡器无法解释：物料损失或库存变化"
            )
        en, zh = " or ".join(s.name_en for s in found), "或".join(s.name_zh for s in found)
        if len(found) == 1:
            return f"suspect: the scale of {en} / 可疑衡器：{zh}"
        return (
            f"suspect: the scale of {en}, or material between them / 可疑：{zh}的衡器，或其间物料"
        )


class Mismatch:
    """One balance rule before one stage. windows: a stage's production over many windows."""

    def __init__(self, rule: BalanceRule, stage: Stage, line: Line, windows: Windows) -> None:
        self._rule = rule
        self._stage = stage
        self._line = line
        self._windows = windows
        self._nodes = nodes_of(line.at(0))
        self._hour: tuple[int, tuple[int, float]] | None = None

    def judge(self, end_ns: int) -> tuple[int, float]:
        """Code and value as things stood at ``end_ns``: those of the last full hour."""
        hour_ns = end_ns // HOUR_NS * HOUR_NS
        if self._hour is None or self._hour[0] != hour_ns:
            found = self.judge_hours(np.array([hour_ns]))
            self._hour = hour_ns, (int(found.code[0]), float(found.value[0]))
        return self._hour[1]

    def judge_hours(self, end_ns: Int64s) -> Judged:
        """Codes at full hours, shape (n,). value: what does not add up, in % of what was taken."""
        out = self._weighed(self._stage.id, end_ns)
        suppliers = self._nodes[self._stage.id].suppliers  # who feeds whom does not change
        came = {supplier: self._weighed(supplier, end_ns) for supplier in suppliers}
        code = np.full(len(end_ns), UNKNOWN, np.int8)
        value = np.full(len(end_ns), np.nan)
        for n in range(len(end_ns)):
            weighed = out[n]
            given = {s: [w] for s, of in came.items() if (w := of[n]) is not None}
            if weighed is None or len(given) < len(came):
                continue
            node = self._nodes_at(int(end_ns[n]))[self._stage.id]
            found = self._balance(node, given, weighed)
            code[n] = CODE[found.state]
            value[n] = np.nan if found.share is None else 100.0 * found.share
        return Judged(end_ns, code, value)

    def suspect(self, end_ns: int) -> Suspect:
        """Whose scale it is, as of the last full hour before ``end_ns``."""
        hour_ns = end_ns // HOUR_NS * HOUR_NS
        return suspect(self._rule, self._nodes_at(hour_ns), self._flows(hour_ns))

    def explain(self, end_ns: int) -> str:
        """``suspect`` in words."""
        return self.suspect(end_ns).words(self._line)

    def _balance(self, node: Node, came: dict[str, list[Weighed]], out: Weighed) -> Balance:
        return balance(
            node,
            came,
            [out],
            stored_bound_kg=self._stock_kg(node.taken_kg(out.kg)),
            useful_share=self._rule.useful_pct / 100.0,
        )

    def _nodes_at(self, time_ns: int) -> dict[str, Node]:
        return nodes_of(self._line.at(time_ns)) if self._line.changes else self._nodes

    def _stock_kg(self, taken_kg: float) -> float:
        """By how much the stock before the stage can have changed."""
        return taken_kg * self._rule.stock_h * HOUR_NS / (self._rule.window_days * DAY_NS)

    def _weighed(self, stage: str, end_ns: Int64s) -> list[Weighed | None]:
        """What the stage's meters counted over each window; None where too little is known."""
        starts = end_ns - round(self._rule.window_days * DAY_NS)
        windows = self._windows(stage, starts, end_ns)
        most = self._line.stage_by_id[stage].capacity_t_per_h * 1_000.0 / 60.0
        minutes = round(self._rule.window_days * 1440.0)
        known = _enough(windows, self._rule)
        unseen = np.rint((1.0 - windows.known_share) * minutes).astype(np.int64)
        share = self._class_share(stage)
        return [
            Weighed(kg, share, unseen_min=lost, most_kg_per_min=most) if is_known else None
            for kg, lost, is_known in zip(
                windows.actual_kg.tolist(), unseen.tolist(), known.tolist(), strict=True
            )
        ]

    def _class_share(self, stage: str) -> float:
        """Error limit of all scales of a stage together: they err independently of each other."""
        own = self._rule.scale_pct / 100.0
        each = [meter.class_share or own for meter in self._line.meters_by_stage[stage]]
        return math.hypot(*each) / len(each)

    def _flows(self, end_ns: int) -> dict[str, Flow]:
        """Every flow of the rule's balances that is known well enough."""
        flows: dict[str, Flow] = {}
        for stage in self._rule.stages:
            node = self._nodes_at(end_ns)[stage]
            weighed = {s: self._weighed(s, np.array([end_ns]))[0] for s in (stage, *node.suppliers)}
            for of, found in weighed.items():
                if found is not None and found.kg > 0.0:
                    spread = found.hidden_kg / COVERAGE_FACTOR
                    flows[of] = Flow(found.kg, float(np.hypot(found.variance**0.5, spread)))
            out = weighed[stage]
            if out is not None and out.kg > 0.0:
                stock_kg = self._stock_kg(node.taken_kg(out.kg)) / COVERAGE_FACTOR
                flows[f"stored {stage}"] = Flow(0.0, max(stock_kg, 1.0))
        return flows


def suspect(rule: BalanceRule, nodes: dict[str, Node], flows: dict[str, Flow]) -> Suspect:
    """Whose scale does not fit the balances of ``rule`` that ``flows`` tell of."""
    of_rule = {stage: nodes[stage] for stage in rule.stages}
    balances = [one for one in balances_of(of_rule) if set(one) <= set(flows)]
    named = {name: flow for name, flow in flows.items() if any(name in one for one in balances)}
    if not balances:
        return Suspect(())
    found: Reconciled = reconcile(named, balances)
    top = (found.suspect,) if found.suspect is not None else found.tied
    return Suspect(tuple(name for name in top if name in nodes))


def _enough(windows: StageWindows, rule: BalanceRule) -> Bools:
    return np.asarray(
        (1.0 - windows.known_share <= rule.max_unknown_share) & ~np.isnan(windows.actual_kg)
    )
