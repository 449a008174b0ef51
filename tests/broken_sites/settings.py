"""What is wrong in site.toml outside the plant: notation, settings, connectors, notifications."""

from __future__ import annotations

from tests.broken_sites.broken import BrokenSite
from tests.sites import SITE_ZONE

ZONE = f'time_zone = "{SITE_ZONE}"'

BROKEN_SETTINGS = (
    # --- site.toml: notation ---------------------------------------------------------------------
    BrokenSite(
        "text without quotes", "site.toml",
        'id = "changzhi"', "id = changzhi",
        "id = changzhi", "", ("valid TOML", "column", "quotes"),
    ),
    BrokenSite(
        "key twice", "site.toml",
        ZONE, f'time_zone = "UTC"\n{ZONE}',
        ZONE, "", ("valid TOML", "remove one"),
    ),
    BrokenSite(
        "quotes not closed", "site.toml",
        'reason = "Overhaul"', 'reason = "Overhaul',
        'reason = "Overhaul', "", ("valid TOML", "close the quotes"),
    ),
    # --- site.toml: single settings --------------------------------------------------------------
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
        ZONE, 'time_zone = "Asia/Changzhi"',
        "time_zone =", "site.time_zone", ("IANA", '"Asia/Changzhi"', '"Asia/Shanghai"'),
    ),
    BrokenSite(
        "port out of range", "site.toml",
        "port = 8080", "port = 80800",
        "port =", "service.port", ("at most 65535", "80800", "port = 8080"),
    ),
    # --- site.toml: what is outside --------------------------------------------------------------
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
        ("http", '"ftp://127.0.0.1:8090/alarms"', "write e.g. https://host/path"),
    ),
    BrokenSite(
        "webhook to a network that is not listed", "site.toml",
        'networks = ["public", "127.0.0.0/8"]', 'networks = ["public"]',
        'url = "http://127', "notifications[1].url",
        ("http://127.0.0.1:8090: 127.0.0.1 is loopback", "extend hosts or networks"),
    ),
    BrokenSite(
        "network that is none", "site.toml",
        '"127.0.0.0/8"]', '"127.0.0.1/8"]',
        "networks =", "outbound.networks",
        ('"public" or a network', "has host bits set"),
    ),
    BrokenSite(
        "webhook's address in a variable that is not set", "site.toml",
        'url = "http://127.0.0.1:8090/alarms"', 'url_env = "ANODEWATCH_NO_SUCH_URL"',
        "url_env =", "notifications[1].url_env", ("ANODEWATCH_NO_SUCH_URL unset",),
    ),
    BrokenSite(
        "webhook with two addresses", "site.toml",
        'url = "http://127.0.0.1:8090/alarms"', 'url = "http://127.0.0.1/"\nurl_env = "PATH"',
        "[[notifications]]", "notifications[1]", ("exactly one of url, url_env and url_file",),
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
    BrokenSite(
        "heartbeat to nobody", "site.toml",
        "# [heartbeat]", '[heartbeat]\ndestination = "maintenence"',
        "destination =", "heartbeat.destination",
        ('"maintenence"', 'did you mean "maintenance"?'),
    ),
    BrokenSite(
        "heartbeat to two", "site.toml",
        "# [heartbeat]", '[heartbeat]\ndestination = "maintenance"\nkind = "ping"',
        'kind = "ping"', "heartbeat.kind", ("both", "remove destination"),
    ),
    BrokenSite(
        "heartbeat of an unknown kind", "site.toml",
        "# [heartbeat]", '[heartbeat]\nkind = "pong"',
        'kind = "pong"', "heartbeat.kind", ('"pong"', 'did you mean "ping"?'),
    ),
    BrokenSite(
        "heartbeat to a network that is not listed", "site.toml",
        "# [heartbeat]", '[heartbeat]\nkind = "ping"\nurl = "http://10.0.0.1/ping"',
        'url = "http://10.0.0.1', "heartbeat.url",
        ("10.0.0.1 is private", "extend hosts or networks"),
    ),
)  # fmt: skip
