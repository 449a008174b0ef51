"""What is wrong in site.toml about the plant: its line, its calendar and its plan."""

from __future__ import annotations

from tests.broken_sites.broken import BrokenSite

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

BROKEN_LINE = (
    # --- site.toml: the line ---------------------------------------------------------------------
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
        "a meter's machine runs by a tag that is none", "site.toml",
        'runs = "M601.ST"', 'runs = "M602.ST"',
        'runs = "M602.ST"', "meters[7].runs", ("a tag of DM-S01", "M601.ST"),
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
        "energy with a vessel's setting", "site.toml",
        "max_kw = 20_000.0", "full = 3.0",
        "full = 3.0", "meters[9].full", ('only for a meter of kind "batch"', "remove it"),
    ),
    BrokenSite(
        "batch without its weights", "site.toml",
        '[[meters]]\nstage = "GR"\ntag = "GR-K??-WQ204.TOT"\nkind = "totaliser"',
        '[[meters]]  # of kettles\nstage = "GR"\ntag = "GR-K??-WT201.PV"\nkind = "batch"',
        "# of kettles", "meters[2]", ("full and empty", "add the weights"),
    ),
    BrokenSite(
        "batch that is full when empty", "site.toml",
        'tag = "GR-K??-WQ204.TOT"\nkind = "totaliser"',
        'tag = "GR-K??-WT201.PV"\nkind = "batch"\nfull = 900\nempty = 1_200  # heavier',
        "# heavier", "meters[2].empty", ("less than full, which is 900", "1200"),
    ),
    BrokenSite(
        "changes out of their order", "site.toml",
        "capacity_t_per_h = 13.5", "capacity_t_per_h = 13.5\nchanges = [\n"
        "{ effective = 2026-06-01, yield_pct = 94 },\n{ effective = 2026-05-01, yield_pct = 95 }]",
        "effective = 2026-05-01", "stages[2].changes[2].effective", ("later than 2026-06-01",),
    ),
    BrokenSite(
        "change that changes nothing", "site.toml",
        "capacity_t_per_h = 13.5",
        "capacity_t_per_h = 13.5\nchanges = [{ effective = 2026-06-01, yield_pct = 93.0 }]",
        "effective = 2026-06-01", "stages[2].changes[1]", ("nothing that changes", "yield_pct"),
    ),
    BrokenSite(
        "output stage that is none", "site.toml",
        'output_stage = "PK"', 'output_stage = "PKG"',
        "output_stage =", "plan.output_stage", ('"PKG"', 'did you mean "PK"?'),
    ),
    # --- site.toml: the calendar -----------------------------------------------------------------
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
)  # fmt: skip
