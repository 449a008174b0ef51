"""Broken sites: each is the sample site with one edit, and what has to be said about it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

SAMPLE = Path(__file__).parents[1] / "deploy" / "sites" / "changzhi"


@dataclass(frozen=True)
class BrokenSite:
    """The first ``old`` in ``file`` becomes ``new``.

    at: words of the line that must be named, as it is after the edit. field: the setting that must
    be named. words: what else must be said.
    """

    name: str
    file: str
    old: str
    new: str
    at: str
    field: str
    words: tuple[str, ...]

    def make(self, folder: Path) -> Path:
        """The broken site, in a new folder within ``folder``."""
        site = copy_of_sample(folder)
        path = site / self.file
        text = path.read_text(encoding="utf-8")
        if self.old not in text:
            raise ValueError(f"{self.name}: {self.file} of the sample has no {self.old!r} any more")
        path.write_text(text.replace(self.old, self.new, 1), encoding="utf-8")
        return site

    def line(self, site: Path) -> int:
        """The number of the line that must be named."""
        lines = (site / self.file).read_text(encoding="utf-8").splitlines()
        settings = [(at, line) for at, line in enumerate(lines, start=1) if line[:1] != "#"]
        return next(at for at, line in settings if self.at in line)


def copy_of_sample(folder: Path) -> Path:
    """The sample site in a new folder within ``folder``."""
    site = folder / "site"
    site.mkdir()
    for name in ("site.toml", "tags.csv", "rules.toml"):
        shutil.copy(SAMPLE / name, site / name)
    return site


ZONE_12 = "CB-L07B-TIC112.PV,plant,main,nsu=urn:anodewatch:plant;s=CB-L07B-TIC112.PV,analog,°C,,,"
ZONE_11 = ZONE_12.replace("112", "111")

SECOND_CR = """\
[[stages]]
id = "CR"  # again
name_en = "Crushing"
name_zh = "粉碎"
finished_eq = 0.912
yield_pct = 92.0
capacity_t_per_h = 12.8

"""
METER_CB = 'stage = "CB"\ntag = "CB-L???-KQ131.TOT"\nkind = "count"\n'

BROKEN_SITES = (
    # --- site.toml: notation -------------------------------------------------------------------
    BrokenSite(
        "text without quotes", "site.toml",
        'id = "changzhi"', "id = changzhi",
        "id = changzhi", "", ("valid TOML", "column", "quotes"),
    ),
    BrokenSite(
        "key twice", "site.toml",
        'time_zone = "Asia/Shanghai"', 'time_zone = "UTC"\ntime_zone = "Asia/Shanghai"',
        'time_zone = "Asia/Shanghai"', "", ("valid TOML", "remove one"),
    ),
    BrokenSite(
        "quotes not closed", "site.toml",
        'reason = "Overhaul"', 'reason = "Overhaul',
        'reason = "Overhaul', "", ("valid TOML", "close the quotes"),
    ),
    # --- site.toml: single settings ------------------------------------------------------------
    BrokenSite(
        "number as a word", "site.toml",
        "target_t = 70_000", 'target_t = "seventy"',
        "target_t =", "plan.target_t", ("a number", '"seventy"', "target_t = 70000"),
    ),
    BrokenSite(
        "target below zero", "site.toml",
        "target_t = 70_000", "target_t = -70_000",
        "target_t =", "plan.target_t", ("a number above 0", "-70000", "target_t = 70000"),
    ),
    BrokenSite(
        "setting missing", "site.toml",
        "finished_eq = 0.912\n", "",
        "[[stages]]", "stages[1].finished_eq", ("found none", "finished_eq = 0.921"),
    ),
    BrokenSite(
        "misspelt setting", "site.toml",
        "log_level =", "loglevel =",
        "loglevel", "service.loglevel", ("a known setting", 'did you mean "log_level"?'),
    ),
    BrokenSite(
        "misspelt table", "site.toml",
        "[service]", "[services]",
        "[services]", "services", ("a known table", 'did you mean "service"?'),
    ),
    BrokenSite(
        "misspelt choice", "site.toml",
        'log_level = "info"', 'log_level = "inform"',
        "log_level =", "service.log_level", ('"inform"', 'did you mean "info"?'),
    ),
    BrokenSite(
        "unknown time zone", "site.toml",
        'time_zone = "Asia/Shanghai"', 'time_zone = "Asia/Changzhi"',
        "time_zone =", "site.time_zone", ("IANA", '"Asia/Changzhi"', '"Asia/Shanghai"'),
    ),
    BrokenSite(
        "port out of range", "site.toml",
        "port = 8080", "port = 80800",
        "port =", "service.port", ("at most 65535", "80800", "port = 8080"),
    ),
    # --- site.toml: what is outside ------------------------------------------------------------
    BrokenSite(
        "unknown connector", "site.toml",
        'kind = "opcua"', 'kind = "opcau"',
        'kind = "opcau"', "connectors.plant.kind", ("source", 'did you mean "opcua"?'),
    ),
    BrokenSite(
        "unknown history", "site.toml",
        'kind = "duckdb"', 'kind = "sqlite"',
        'kind = "sqlite"', "history.kind", ("duckdb or influxdb", "use one of"),
    ),
    BrokenSite(
        "endpoint of another protocol", "site.toml",
        '"opc.tcp://127.0.0.1:4840/anodewatch"', '"http://127.0.0.1:4840/anodewatch"',
        "endpoint =", "connectors.plant.endpoint", ("opc.tcp://", '"http://127.0.0.1:4840'),
    ),
    BrokenSite(
        "settings of a group that is none", "site.toml",
        "# groups.slow =", "groups.mian =",
        "groups.mian", "connectors.plant.groups.mian", ('did you mean "main"?',),
    ),
    BrokenSite(
        "security without its keys", "site.toml",
        '# security_policy = "Basic256Sha256"', 'security_policy = "Basic256Sha256"',
        "[connectors.plant]", "connectors.plant", ("security_policy and security_mode",),
    ),
    BrokenSite(
        "webhook without http", "site.toml",
        'url = "http://127.0.0.1:8090/alarms"', 'url = "ftp://127.0.0.1:8090/alarms"',
        'url = "ftp', "notifications[1].url",
        ("http", '"ftp://127.0.0.1:8090/alarms"', "write e.g. url ="),
    ),
    BrokenSite(
        "secret in a variable that is not set", "site.toml",
        "secret = ", 'secret_env = "ANODEWATCH_NO_SUCH_SECRET" # ',
        "secret_env =", "notifications[1].secret_env",
        ("ANODEWATCH_NO_SUCH_SECRET unset", "set ANODEWATCH_NO_SUCH_SECRET"),
    ),
    BrokenSite(
        "secret in a file that is not there", "site.toml",
        "secret = ", 'secret_file = "webhook.secret" # ',
        "secret_file =", "notifications[1].secret_file", ('"webhook.secret"', "put it at"),
    ),
    BrokenSite(
        "no secret at all", "site.toml",
        "secret = ", "# secret = ",
        "[[notifications]]", "notifications[1]", ("exactly one of secret",),
    ),
    # --- site.toml: the line -------------------------------------------------------------------
    BrokenSite(
        "material goes round", "site.toml",
        'feeds = ["SC"]', 'feeds = ["CB"]  # back',
        "# back", "stages[5].feeds", ("only forward", "CB → GZ → CB", 'take "CB" out'),
    ),
    BrokenSite(
        "feeds a stage that is none", "site.toml",
        'feeds = ["DM"]', 'feeds = ["DN"]',
        'feeds = ["DN"]', "stages[6].feeds[1]", ("id of a stage", '"DN"', "use one of"),
    ),
    BrokenSite(
        "stage twice", "site.toml",
        '[[stages]]\nid = "GR"', f'{SECOND_CR}[[stages]]\nid = "GR"',
        "# again", "stages[2].id", ("no other stage", "own id"),
    ),
    BrokenSite(
        "meter of a stage that is none", "site.toml",
        'stage = "DM"', 'stage = "DEMAG"',
        'stage = "DEMAG"', "meters[7].stage", ("id of a stage", '"DEMAG"'),
    ),
    BrokenSite(
        "meter on no tag", "site.toml",
        'tag = "SC-L??-WQ503.TOT"', 'tag = "SC-L??-WQ530.TOT"',
        'tag = "SC-L??-WQ530.TOT"', "meters[6].tag", ("a tag of tags.csv", "WQ530"),
    ),
    BrokenSite(
        "meter of the wrong kind", "site.toml",
        'kind = "rate"', 'kind = "totaliser"  # of a rate',
        "# of a rate", "meters[7].kind", ("kind counter", "of kind analog", "correct"),
    ),
    BrokenSite(
        "count without a mass", "site.toml",
        f'[[meters]]\n{METER_CB}kg_per_unit = 7.6', f"[[meters]]  # of saggers\n{METER_CB}",
        "# of saggers", "meters[4].kg_per_unit", ("kg_per_unit for a count", "add kg_per_unit"),
    ),
    BrokenSite(
        "mass that the unit contradicts", "site.toml",
        'kind = "totaliser"\nmax_rate', 'kind = "totaliser"\nkg_per_unit = 1_000\nmax_rate',
        "kg_per_unit = 1_000", "meters[1].kg_per_unit", ('1 for unit "kg"', "remove kg_per_unit"),
    ),
    BrokenSite(
        "output stage that is none", "site.toml",
        'output_stage = "PK"', 'output_stage = "PKG"',
        "output_stage =", "plan.output_stage", ('"PKG"', 'did you mean "PK"?'),
    ),
    # --- site.toml: the calendar ---------------------------------------------------------------
    BrokenSite(
        "shifts with a hole", "site.toml",
        '{ id = "night", start = "00:00", end = "08:00" }',
        '{ id = "night", start = "00:00", end = "07:00" }',
        'id = "night"', "calendar.shifts[3].end", ("08:00, the start of day", "24 h", "end ="),
    ),
    BrokenSite(
        "time of day as a number", "site.toml",
        'day_start = "08:00"', "day_start = 8",
        "day_start = 8", "calendar.day_start", ('"HH:MM"', "found 8", 'day_start = "08:00"'),
    ),
    BrokenSite(
        "downtimes overlap", "site.toml",
        "start = 2026-12-14", "start = 2026-07-20",
        "start = 2026-07-20", "calendar.downtimes[3].start", ("2026-07-27", "overlap"),
    ),
    BrokenSite(
        "downtime ends before it starts", "site.toml",
        "end = 2026-02-22", "end = 2026-02-12",
        "end = 2026-02-12", "calendar.downtimes[1].end", ("later than start", "worked again"),
    ),
    # --- tags.csv ------------------------------------------------------------------------------
    BrokenSite(
        "tag twice", "tags.csv",
        "CB-L07B-TIC112.OP,", "CB-L07B-TIC112.PV,",
        "CB-L07B-TIC112.PV,plant,main,nsu=urn:anodewatch:plant;s=CB-L07B-TIC112.OP",
        "id (column A)", ("already", "own id"),
    ),
    BrokenSite(
        "tag of no connector", "tags.csv",
        ZONE_12, ZONE_12.replace(",plant,", ",plnat,"),
        "plnat", "connector (column B) of CB-L07B-TIC112.PV", ('did you mean "plant"?',),
    ),
    BrokenSite(
        "node twice", "tags.csv",
        ZONE_12, ZONE_12.replace("s=CB-L07B-TIC112.PV", "s=CB-L07B-TIC111.PV"),
        "CB-L07B-TIC112.PV,", "node (column D)", ("CB-L07B-TIC111.PV on line", "correct"),
    ),
    BrokenSite(
        "address without its kind", "tags.csv",
        ZONE_12, ZONE_12.replace(";s=", ";"),
        "CB-L07B-TIC112.PV,", "node (column D) of CB-L07B-TIC112.PV",
        ("a NodeId such as", '"nsu=urn:anodewatch:plant;CB-L07B-TIC112.PV"', "as the server"),
    ),
    BrokenSite(
        "numeric address with a name", "tags.csv",
        ZONE_12, ZONE_12.replace("nsu=urn:anodewatch:plant;s=", "ns=2;i="),
        "CB-L07B-TIC112.PV,", "node (column D) of CB-L07B-TIC112.PV",
        ("a NodeId such as", '"ns=2;i=CB-L07B-TIC112.PV"', "i= takes a number"),
    ),
    BrokenSite(
        "namespace index too large", "tags.csv",
        ZONE_12, ZONE_12.replace("nsu=urn:anodewatch:plant;", "ns=65536;"),
        "CB-L07B-TIC112.PV,", "node (column D) of CB-L07B-TIC112.PV",
        ("a namespace index up to 65535", '"ns=65536;s=CB-L07B-TIC112.PV"'),
    ),
    BrokenSite(
        "unknown kind of tag", "tags.csv",
        ZONE_12, ZONE_12.replace("analog", "analogue"),
        "analogue", "kind (column E)", ('did you mean "analog"?',),
    ),
    BrokenSite(
        "range upside down", "tags.csv",
        f"{ZONE_12}0,1400", f"{ZONE_12}1400,0",
        "CB-L07B-TIC112.PV,", "low (column I) of CB-L07B-TIC112.PV", ("less than high", "swap"),
    ),
    BrokenSite(
        "limits out of order", "tags.csv",
        f"{ZONE_12}0,1400,1120,1135,1165,1180", f"{ZONE_12}0,1400,1120,1135,1180,1165",
        "CB-L07B-TIC112.PV,", "hh (column N) of CB-L07B-TIC112.PV", ("more than h", "1180", "1165"),
    ),
    BrokenSite(
        "number with a comma", "tags.csv",
        f"{ZONE_12}0,1400", f'{ZONE_12}0,"1400,5"',
        "CB-L07B-TIC112.PV,", "high (column J)", ("a number", '"1400,5"', "decimal point"),
    ),
    BrokenSite(
        "rollover of what is no counter", "tags.csv",
        f"{ZONE_11}0,1400,1120,1135,1165,1180,2,,", f"{ZONE_11}0,1400,1120,1135,1165,1180,2,65536,",
        "CB-L07B-TIC111.PV,", "rollover (column P)", ("nothing for kind analog", "counter"),
    ),
    BrokenSite(
        "field too many", "tags.csv",
        ZONE_12, f"{ZONE_12},0",
        "CB-L07B-TIC112.PV,", "", ("19 fields", "found 20", "commas"),
    ),
    BrokenSite(
        "unknown column", "tags.csv",
        ",deadband,", ",dead_band,",
        "dead_band", "header (column O)", ("a known column", 'did you mean "deadband"?'),
    ),
    # --- rules.toml ----------------------------------------------------------------------------
    BrokenSite(
        "rule on a stage that is none", "rules.toml",
        'stages = ["GZ", "PK"]', 'stages = ["GX", "PK"]',
        '"GX"', "throughput[3].stages[1]", ("id of a stage in site.toml", '"GX"', "use one of"),
    ),
    BrokenSite(
        "rule on no tag", "rules.toml",
        '[[bad_quality]]\nid = "bad"\ntags = ["*"]',
        '[[bad_quality]]\nid = "bad"\ntags = ["CB-L07B-AT12.PV"]',
        "CB-L07B-AT12.PV", "bad_quality[1].tags[1]", ('did you mean "CB-L07B-AT120.PV"?',),
    ),
    BrokenSite(
        "limit that no tag has", "rules.toml",
        'limit = "ll"\ntags = ["*"]', 'limit = "ll"\ntags = ["CB-L07*-AT120.PV"]',
        "CB-L07*-AT120.PV", "limit[3].tags[1]", ("a limit ll", "fill in column ll"),
    ),
    BrokenSite(
        "two rules for one limit", "rules.toml",
        'limit = "h"\ntags = ["*"]', 'limit = "hh"\ntags = ["*"]  # too',
        "# too", "limit[4].tags[1]",
        ("no earlier rule watches for hh", "limit-hh, oxygen-hh", "move rule limit-h before"),
    ),
    BrokenSite(
        "an hour of a batch furnace", "rules.toml",
        '["CR", "CT", "CB", "SC", "DM", "PK"]\nwindow', '["CR", "GZ"]\nwindow',
        '["CR", "GZ"]', "throughput[1].stages[2]", ("hourly = false", "longer window"),
    ),
    BrokenSite(
        "unknown priority", "rules.toml",
        'priority = "critical"', 'priority = "urgent"',
        '"urgent"', "limit[1].priority", ('"critical" or "high"', '"urgent"', "write e.g."),
    ),
    BrokenSite(
        "rule twice", "rules.toml",
        'id = "day-low"', 'id = "hour-low"  # again',
        "# again", "throughput[2].id", ("other than that of throughput[1]", "own id"),
    ),
    BrokenSite(
        "deadband wider than the threshold", "rules.toml",
        "deadband_pct = 5.0", "deadband_pct = 25.0",
        "deadband_pct = 25.0", "throughput[1].deadband_pct", ("less than below_pct", "smaller"),
    ),
    BrokenSite(
        "rule on a connector that is none", "rules.toml",
        'connectors = ["*"]', 'connectors = ["plan"]',
        'connectors = ["plan"]', "communication[1].connectors[1]", ('did you mean "plant"?',),
    ),
    BrokenSite(
        "delay below zero", "rules.toml",
        "on_delay_s = 300", "on_delay_s = -300",
        "on_delay_s = -300", "throughput[1].on_delay_s", ("at least 0", "-300", "write e.g."),
    ),
)  # fmt: skip
