"""Why time or tonnes were lost: kinds that the service finds, reasons that people give."""

from __future__ import annotations

from enum import StrEnum


class LossKind(StrEnum):
    """What minutes alone tell about a unit's loss."""

    STOPPED = "stopped"
    STARVED = "starved"
    """Held up because nothing came from before it."""
    BLOCKED = "blocked"
    """Held up because nothing could go on behind it."""
    SLOW = "slow"
    UNKNOWN = "unknown"
    """Not seen: neither a stop nor a loss that could be counted."""


class Reason(StrEnum):
    """Reason codes of the site; the part before the dash is the group."""

    EQ_MECH = "EQ-mech"
    EQ_ELEC = "EQ-elec"
    EQ_INSTR = "EQ-instr"
    PR_ATMOSPHERE = "PR-atmosphere"
    PR_TEMP = "PR-temp"
    MT_STARVED = "MT-starved"
    BL_BLOCKED = "BL-blocked"
    UT_N2 = "UT-N2"
    UT_POWER = "UT-power"
    UT_GAS = "UT-gas"
    EN_CURTAIL = "EN-curtail"
    EN_EMISSION = "EN-emission"
    QA_HOLD = "QA-hold"
    LG_BAG = "LG-bag"
    LG_SAGGER = "LG-sagger"
    LG_CRUCIBLE = "LG-crucible"
    PM = "PM"
    CO_GRADE = "CO-grade"
    IT_COMMS = "IT-comms"
    UN = "UN"

    @property
    def group(self) -> str:
        """The part before the dash: EQ, PR, MT, BL, UT, EN, QA, LG, PM, CO, IT or UN."""
        return self.split("-", 1)[0]

    @property
    def is_failure(self) -> bool:
        """Whether a stop for this reason counts as a failure of the equipment (MTBF, CMT)."""
        return self.group == "EQ"

    @property
    def is_not_busy(self) -> bool:
        """Whether the time is taken from planned busy time: the plant may not run (EN)."""
        return self.group == "EN"


def default_reason(kind: LossKind) -> Reason:
    """The reason of an event of ``kind`` as long as nobody has given another."""
    match kind:
        case LossKind.STARVED:
            return Reason.MT_STARVED
        case LossKind.BLOCKED:
            return Reason.BL_BLOCKED
        case LossKind.UNKNOWN:
            return Reason.IT_COMMS
        case LossKind.STOPPED | LossKind.SLOW:
            return Reason.UN


REASON_NAMES: dict[Reason, tuple[str, str]] = {
    Reason.EQ_MECH: ("Mechanical failure", "机械故障"),
    Reason.EQ_ELEC: ("Electrical failure", "电气故障"),
    Reason.EQ_INSTR: ("Instrument failure", "仪表故障"),
    Reason.PR_ATMOSPHERE: ("Process: atmosphere", "工艺：气氛"),
    Reason.PR_TEMP: ("Process: temperature", "工艺：温度"),
    Reason.MT_STARVED: ("Starved of material", "缺料待料"),
    Reason.BL_BLOCKED: ("Blocked downstream", "下游堵塞"),
    Reason.UT_N2: ("Utility: nitrogen", "公用工程：氮气"),
    Reason.UT_POWER: ("Utility: power", "公用工程：供电"),
    Reason.UT_GAS: ("Utility: gas", "公用工程：燃气"),
    Reason.EN_CURTAIL: ("Power curtailment", "限电"),
    Reason.EN_EMISSION: ("Emission restriction", "环保限产"),
    Reason.QA_HOLD: ("Quality hold", "质量待判"),
    Reason.LG_BAG: ("No bags", "缺吨袋"),
    Reason.LG_SAGGER: ("No saggers", "缺匣钵"),
    Reason.LG_CRUCIBLE: ("No crucibles", "缺坩埚"),
    Reason.PM: ("Planned maintenance", "计划检修"),
    Reason.CO_GRADE: ("Change of grade", "换牌号"),
    Reason.IT_COMMS: ("Communication lost", "通信中断"),
    Reason.UN: ("Not yet explained", "原因待定"),
}
"""English and Chinese name of each reason."""
