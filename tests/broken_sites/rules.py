"""What is wrong in rules.toml."""

from __future__ import annotations

from tests.broken_sites.broken import BrokenSite

BROKEN_RULES = (
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
        "# too", "limit[5].tags[1]",
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
        "more history needed than looked at", "rules.toml",
        "min_days = 20", "min_days = 70",
        "min_days = 70", "drift[1].min_days", ("at most history_days, which is 60", "ask for less"),
    ),
    BrokenSite(
        "a chart that is none", "rules.toml",
        'chart = "cusum"', 'chart = "shewhart"',
        '"shewhart"', "drift[1].chart", ("cusum", "ewma"),
    ),
    BrokenSite(
        "a chance that never recovers", "rules.toml",
        "below_pct = 10.0\ndeadband_pct = 10.0", "below_pct = 10.0\ndeadband_pct = 90.0",
        "deadband_pct = 90.0", "forecast_miss[1].deadband_pct",
        ("less than 100 - below_pct, which is 90", "never goes"),
    ),
    BrokenSite(
        "a forecast of a period that is none", "rules.toml",
        'period = "month"', 'period = "week"',
        '"week"', "forecast_miss[1].period", ("month", "year"),
    ),
    BrokenSite(
        "a balance before a stage that nothing feeds", "rules.toml",
        'stages = ["GR", "CT", "CB"]', 'stages = ["CR", "CT", "CB"]',
        'stages = ["CR", "CT", "CB"]', "balance[1].stages[1]",
        ("another one feeds", "nothing measures"),
    ),
    BrokenSite(
        "a balance that can never judge", "rules.toml",
        'stages = ["DM", "PK"]\nwindow_days = 14', 'stages = ["DM", "PK"]\nwindow_days = 1.5',
        "window_days = 1.5", "balance[2].window_days", ("less than 5 %", "longer window"),
    ),
    BrokenSite(
        "runs of a stage without energy meters", "rules.toml",
        'stages = ["GZ"]\nevery_h', 'stages = ["CB"]\nevery_h',
        'stages = ["CB"]', "missed_run[1].stages[1]", ('kind "energy"', "energy meters"),
    ),
    BrokenSite(
        "a curve of a stage without energy meters", "rules.toml",
        'stages = ["GZ"]\ncurve_mw', 'stages = ["CB"]\ncurve_mw',
        'stages = ["CB"]', "off_curve[1].stages[1]", ('kind "energy"', "energy meters"),
    ),
    BrokenSite(
        "a curve that goes back in time", "rules.toml",
        "[10, 12.41]", "[30, 12.41]",
        "[30, 12.41]", "off_curve[1].curve_mw[4][1]", ("more hours than", "order of time"),
    ),
    BrokenSite(
        "a curve that does not begin with its run", "rules.toml",
        "curve_mw = [[0, 10.5]", "curve_mw = [[1, 10.5]",
        "[[1, 10.5]", "off_curve[1].curve_mw[1][1]", ("0, at which", "begin the curve"),
    ),
    BrokenSite(
        "a window that no run fills", "rules.toml",
        "[[0, 10.5], [4, 11.42], [10, 12.41], [20, 13.83], [30, 15.11], [40, 16.3]]",
        "[[0, 10.5], [1.5, 11.42]]",
        "window_h", "off_curve[1].window_h", ("less than the last hour", "shorter window"),
    ),
    BrokenSite(
        "rule on a connector that is none", "rules.toml",
        'connectors = ["*"]', 'connectors = ["plan"]',
        'connectors = ["plan"]', "communication[1].connectors[1]", ('did you mean "plant"?',),
    ),
    BrokenSite(
        "rule on a destination that is none", "rules.toml",
        'destinations = ["*"]', 'destinations = ["maintenence"]',
        'destinations = ["maintenence"]', "delivery[1].destinations[1]",
        ("a notification of site.toml", 'did you mean "maintenance"?'),
    ),
    BrokenSite(
        "stuck rule on a meter that may stand", "rules.toml",
        'id = "stuck"\ntags = ["*"]', 'id = "stuck"\ntags = ["GZ-*"]',
        "GZ-*", "stuck[1].tags[1]", ("have stuck_s in site.toml", "GZ-*"),
    ),
    BrokenSite(
        "delay below zero", "rules.toml",
        "on_delay_s = 300", "on_delay_s = -300",
        "on_delay_s = -300", "throughput[1].on_delay_s", ("at least 0", "-300", "write e.g."),
    ),
)  # fmt: skip
