"""What is wrong in tags.csv."""

from __future__ import annotations

from tests.broken_sites.broken import BrokenSite

ZONE_12 = "CB-L07B-TIC112.PV,plant,main,nsu=urn:anodewatch:plant;s=CB-L07B-TIC112.PV,analog,°C,,,"
ZONE_11 = ZONE_12.replace("112", "111")

BROKEN_TAGS = (
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
)  # fmt: skip
