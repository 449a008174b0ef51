"""Writes changzhi/tags.csv, the sample site's tag list: `python deploy/sites/make_changzhi.py`.

A real plant exports its list from its PLC projects. This one repeats the same instruments over 216
machines, so it is generated, and a test holds the committed file to what this script writes.
The equipment counts are those of the reference plant: four kilns with all 24 zones, the other 24
with every fourth. To change the sample's tags, change the tables below and run the script.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TAGS_CSV = Path(__file__).with_name("changzhi") / "tags.csv"
LIMITS = ("ll", "l", "h", "hh")
NUMBERS = ("scale", "offset", "low", "high", *LIMITS, "deadband", "rollover", "cyclic_s")
COLUMNS = ("id", "connector", "group", "node", "kind", "unit", *NUMBERS, "name_en", "name_zh")

UINT16 = 65_536
UINT32 = 4_294_967_296
DETAILED_KILNS = ("L07A", "L07B", "L08A", "L08B")


@dataclass(frozen=True)
class Signal:
    """One instrument as it repeats over like machines: a row of tags.csv without its machine."""

    attribute: str
    kind: str
    unit: str
    name_en: str
    name_zh: str
    low: float | None = None
    high: float | None = None
    ll: float | None = None
    l: float | None = None  # noqa: E741  the standard's own name
    h: float | None = None
    hh: float | None = None
    deadband: float | None = None
    rollover: int | None = None
    cyclic_s: float | None = None
    scale: float | None = None


@dataclass(frozen=True)
class Machines:
    """Machines of one kind, and the instruments that each of them carries."""

    ids: tuple[str, ...]
    name_en: str
    name_zh: str
    signals: tuple[Signal, ...]


def numbered(prefix: str, count: int, *, width: int = 2) -> tuple[str, ...]:
    """The ids prefix01 … prefix<count>."""
    return tuple(f"{prefix}{n:0{width}d}" for n in range(1, count + 1))


def crushing(rollover: int) -> tuple[Signal, ...]:
    """Instruments of a crushing line; two of the eight lines have an old PLC with 16-bit counters.

    A 16-bit kg counter wraps after about 41 h at 1.6 t/h.
    """
    return (
        Signal("WIC101.PV", "analog", "t/h", "weigh belt rate", "皮带秤流量", 0, 2.5),
        Signal("WIC101.SP", "analog", "t/h", "weigh belt rate setpoint", "皮带秤流量设定", 0, 2.5),
        Signal("WQ101.TOT", "counter", "kg", "weigh belt total", "皮带秤累计", rollover=rollover),
        Signal("WT102.PV", "analog", "kg", "feed hopper weight", "给料仓重量", 0, 2000),
        Signal("SIC103.PV", "analog", "r/min", "feed screw speed", "给料螺旋转速", 0, 60),
        Signal("II110.PV", "analog", "A", "mill current", "磨机电流", 0, 200, h=160, hh=180,
               deadband=4),
        Signal("VT111.PV", "analog", "mm/s", "mill vibration", "磨机振动", 0, 20, h=7.1, hh=11.2,
               deadband=0.4),
        Signal("PDT120.PV", "analog", "Pa", "bag filter differential pressure", "袋式除尘器压差", 0,
               3000, h=1500, hh=2000, deadband=50),
        Signal("M110.ST", "boolean", "", "mill running", "磨机运行"),
    )  # fmt: skip


GRANULATION = (
    Signal("WT201.PV", "analog", "kg", "kettle weight", "反应釜重量", 0, 4000, hh=3800,
           deadband=40),
    Signal("TIC202.PV", "analog", "°C", "kettle temperature", "反应釜温度", 0, 800, h=680, hh=720,
           deadband=5),
    Signal("NT203.PV", "analog", "N·m", "agitator torque", "搅拌扭矩", 0, 2000, h=1500, hh=1800,
           deadband=40),
    Signal("AT204.PV", "analog", "%", "oxygen in kettle", "釜内氧含量", 0, 25, h=2, hh=5,
           deadband=0.2),
    Signal("WQ204.TOT", "counter", "kg", "discharged mass total", "出料累计", rollover=UINT32),
    Signal("SIC205.PV", "analog", "r/min", "agitator speed", "搅拌转速", 0, 60),
    Signal("ST.PHASE", "state", "", "kettle phase", "反应釜工步", 0, 6),
)  # fmt: skip

COATING = (
    Signal("FFIC301.PV", "analog", "%", "pitch ratio", "沥青配比", 0, 10, ll=2, l=3, h=5, hh=6,
           deadband=0.1),
    Signal("WQ302.TOT", "counter", "kg", "coated mass total", "包覆料累计", rollover=UINT32),
    Signal("TIC303.PV", "analog", "°C", "mixer temperature", "混合机温度", 0, 300, h=220, hh=240,
           deadband=3),
    Signal("WT304.PV", "analog", "kg", "batch weight", "批次重量", 0, 1500),
    Signal("WT305.PV", "analog", "kg", "pitch hopper weight", "沥青失重秤重量", 0, 500),
    Signal("II306.PV", "analog", "A", "mixer current", "混合机电流", 0, 150, h=120, hh=135,
           deadband=3),
    Signal("ST.PHASE", "state", "", "mixer phase", "混合机工步", 0, 6),
)  # fmt: skip


def zone(number: int) -> tuple[Signal, Signal]:
    """Temperature and heater output of a kiln's zone; the setpoint is 1,150 °C."""
    tag, en, zh = f"TIC{100 + number}", f"zone {number}", f"第{number}温区"
    return (
        Signal(f"{tag}.PV", "analog", "°C", f"{en} temperature", f"{zh}温度", 0, 1400, ll=1120,
               l=1135, h=1165, hh=1180, deadband=2),
        Signal(f"{tag}.OP", "analog", "%", f"{en} heater output", f"{zh}加热输出", 0, 100),
    )  # fmt: skip


KILN = (
    Signal("AT120.PV", "analog", "ppm", "oxygen in kiln", "窑内氧含量", 0, 1000, h=100, hh=500,
           deadband=5),
    Signal("PT121.PV", "analog", "Pa", "kiln pressure", "窑压", -50, 100, l=5, deadband=1),
    Signal("FIC122.PV", "analog", "Nm³/h", "nitrogen flow", "氮气流量", 0, 400, l=100, deadband=5),
    Signal("KQ130.TOT", "counter", "pcs", "saggers in", "进窑匣钵计数", rollover=UINT32),
    Signal("KQ131.TOT", "counter", "pcs", "saggers out", "出窑匣钵计数", rollover=UINT32),
    # A row passes every 263 s; half as long again means a jam.
    Signal("ROW.INTERVAL", "analog", "s", "row interval", "推排间隔", 0, 3600, h=395, deadband=20),
    Signal("II140.PV", "analog", "A", "roller drive current", "辊棒传动电流", 0, 60, h=45, hh=55,
           deadband=1),
    Signal("M140.ST", "boolean", "", "roller drive running", "辊棒传动运行"),
)  # fmt: skip

RECTIFIER = (
    Signal("JT401.PV", "analog", "MW", "rectifier power", "整流功率", 0, 20, h=17, hh=18.5,
           deadband=0.2),
    Signal("JQ402.TOT", "counter", "kWh", "rectifier energy", "整流电量", rollover=UINT32),
    Signal("WQ404.TOT", "counter", "kg", "unloaded mass total", "出炉重量累计", rollover=UINT32),
    Signal("ET405.PV", "analog", "V", "rectifier voltage", "整流电压", 0, 250),
    Signal("IT406.PV", "analog", "A", "rectifier current", "整流电流", 0, 160_000),
    Signal("RUN.ID", "text", "", "run number", "炉次号"),
)  # fmt: skip

FURNACE = (
    Signal("WT403.PV", "analog", "t", "charge weight", "装炉重量", 0, 80),
    Signal("ST.PHASE", "state", "", "furnace phase", "炉况", 0, 3),
)

SCREENING = (
    Signal("WIC501.PV", "analog", "t/h", "screen feed rate", "筛分流量", 0, 1.5),
    Signal("WT502.PV", "analog", "%", "oversize share", "筛上物比例", 0, 30, h=6, hh=12,
           deadband=0.5),
    Signal("WQ503.TOT", "counter", "kg", "hopper total", "料斗累计"),
    Signal("VT504.PV", "analog", "mm/s", "screen vibration", "筛机振动", 0, 60),
    Signal("M501.ST", "boolean", "", "screen running", "筛机运行"),
)  # fmt: skip

DEMAGNETIZATION = (
    Signal("II601.PV", "analog", "A", "coil current", "励磁电流", 0, 100, l=60, deadband=2),
    Signal("WIC602.PV", "analog", "t/h", "outlet rate", "出料流量", 0, 1.5),
    # The PLC sends tenths of a degree as an integer.
    Signal("TT603.PV", "analog", "°C", "coil temperature", "线圈温度", 0, 150, h=110, hh=125,
           deadband=2, scale=0.1),
    Signal("M601.ST", "boolean", "", "separator running", "除磁机运行"),
)  # fmt: skip

PACKAGING = (
    Signal("WT701.PV", "analog", "kg", "bag weight", "袋重", 0, 600),
    Signal("KQ702.TOT", "counter", "pcs", "good bags", "合格袋数", rollover=UINT32),
    Signal("KQ703.TOT", "counter", "pcs", "rejected bags", "不合格袋数", rollover=UINT32),
    Signal("LT704.PV", "analog", "pcs", "bags in magazine", "袋仓余量", 0, 100, ll=2, l=10,
           deadband=1),
    Signal("ST.STATE", "state", "", "packing state", "包装机状态", 0, 17),
    Signal("LOT.ID", "text", "", "lot number", "批号"),
)  # fmt: skip

OXIDISER = (
    Signal("TT150.PV", "analog", "°C", "chamber temperature", "燃烧室温度", 0, 1000, ll=740, l=760,
           h=850, hh=880, deadband=3),
    Signal("ZS151.ST", "boolean", "", "bypass open", "旁通阀开"),
)  # fmt: skip

NITROGEN = (
    Signal("PT160.PV", "analog", "kPa", "header pressure", "总管压力", 0, 1000, ll=400, l=500,
           deadband=10),
    Signal("FT161.PV", "analog", "Nm³/h", "header flow", "总管流量", 0, 12_000),
)  # fmt: skip

POWER = (
    # The meter sends its value every 10 s, changed or not.
    Signal("JT170.PV", "analog", "MW", "site power", "全厂功率", 0, 200, cyclic_s=10),
    Signal("JQ171.TOT", "counter", "kWh", "site energy", "全厂电量", rollover=UINT32),
)

BLOWER = (
    Signal("M180.ST", "boolean", "", "blower running", "风机运行"),
    Signal("PT181.PV", "analog", "Pa", "blower pressure", "风机压力", 0, 8000),
)

KILNS = tuple(f"{line}{side}" for line in numbered("L", 14) for side in "AB")
SUMMARY_KILNS = tuple(kiln for kiln in KILNS if kiln not in DETAILED_KILNS)
ALL_ZONES = tuple(signal for number in range(1, 25) for signal in zone(number))
SUMMARY_ZONES = tuple(signal for number in range(4, 25, 4) for signal in zone(number))
FURNACES = tuple(f"G{g}F{f:02d}" for g in range(1, 9) for f in range(1, 11))


def of_area(area: str, ids: tuple[str, ...]) -> tuple[str, ...]:
    """Asset ids of an area, e.g. CB-L07B."""
    return tuple(f"{area}-{machine}" for machine in ids)


PLANT = (
    Machines(of_area("CR", numbered("L", 6)), "Crushing line", "粉碎线", crushing(UINT32)),
    Machines(of_area("CR", ("L07", "L08")), "Crushing line", "粉碎线", crushing(UINT16)),
    Machines(of_area("GR", numbered("K", 36)), "Granulation kettle", "造粒釜", GRANULATION),
    Machines(of_area("CT", numbered("M", 12)), "Coating mixer", "包覆混合机", COATING),
    Machines(of_area("CB", DETAILED_KILNS), "Kiln", "辊道窑", ALL_ZONES + KILN),
    Machines(of_area("CB", SUMMARY_KILNS), "Kiln", "辊道窑", SUMMARY_ZONES + KILN),
    Machines(of_area("GZ", numbered("G", 8, width=1)), "Rectifier", "整流机组", RECTIFIER),
    Machines(of_area("GZ", FURNACES), "Graphitization furnace", "石墨化炉", FURNACE),
    Machines(of_area("SC", numbered("L", 12)), "Screening line", "筛分线", SCREENING),
    Machines(of_area("DM", numbered("S", 12)), "Separator", "电磁除磁机", DEMAGNETIZATION),
    Machines(of_area("PK", numbered("P", 4, width=1)), "Bag filler", "吨袋包装机", PACKAGING),
    Machines(of_area("UT", numbered("RTO", 4, width=1)), "Oxidiser", "焚烧炉", OXIDISER),
    Machines(of_area("UT", ("N2",)), "Nitrogen", "氮气", NITROGEN),
    Machines(of_area("UT", ("EL",)), "Power supply", "供电", POWER),
    Machines(of_area("UT", numbered("BL", 4, width=1)), "Blower", "风机", BLOWER),
)


def rows() -> Iterator[dict[str, str]]:
    """The tag list's rows in the order of the plant, then of the machine's instruments."""
    for machines in PLANT:
        for asset in machines.ids:
            machine = asset.split("-", 1)[1]
            for signal in machines.signals:
                yield row(machines, asset, machine, signal)


def row(machines: Machines, asset: str, machine: str, signal: Signal) -> dict[str, str]:
    """One row: what is None stays empty, which means the default."""
    tag = f"{asset}-{signal.attribute}"
    numbers = {name: getattr(signal, name, None) for name in NUMBERS}
    return {
        "id": tag,
        "connector": "plant",
        "group": "main",
        "node": f"nsu=urn:anodewatch:plant;s={tag}",
        "kind": signal.kind,
        "unit": signal.unit,
        **{name: "" if value is None else f"{value:.10g}" for name, value in numbers.items()},
        "name_en": f"{machines.name_en} {machine} {signal.name_en}",
        "name_zh": f"{machines.name_zh}{machine}{signal.name_zh}",
    }


def tag_list() -> str:
    """The whole of tags.csv as text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows())
    return text.getvalue()


if __name__ == "__main__":
    TAGS_CSV.write_text(tag_list(), encoding="utf-8")
