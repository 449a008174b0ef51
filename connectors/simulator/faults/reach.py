"""Which machines hang on which: what a fault's target reaches."""

from __future__ import annotations

from connectors.simulator.process.reference import FAMILIES, KILN_IDS, STAGE, UNIT

MILLS_PER_BLOWER = 2
KILNS_PER_OXIDISER = 7


def mills_of(blower: str) -> tuple[str, ...]:
    """The crushing lines that a conveying blower serves."""
    at = FAMILIES["BL"].index(blower) * MILLS_PER_BLOWER
    return STAGE["CR"].assets[at : at + MILLS_PER_BLOWER]


def kilns_of(utility: str) -> tuple[str, ...]:
    """The kilns that hang on an oxidiser or on the nitrogen header; of a kiln, or of one of its
    zones, the kiln itself."""
    if utility == "UT-N2":
        return KILN_IDS
    if utility in FAMILIES["RTO"]:
        at = FAMILIES["RTO"].index(utility) * KILNS_PER_OXIDISER
        return KILN_IDS[at : at + KILNS_PER_OXIDISER]
    return (machine_of(utility),)


def rectifiers_of(supply: str) -> tuple[str, ...]:
    """All rectifiers for the site's supply; of a rectifier itself."""
    return STAGE["GZ"].assets if supply == "UT-EL" else (supply,)


def fillers_of(store: str) -> tuple[str, ...]:
    """All bag fillers for the store of bags; of a filler itself."""
    return STAGE["PK"].assets if store == "PK" else (store,)


def machine_of(target: str) -> str:
    """The machine of a tag or loop; of a machine itself."""
    return target if target in UNIT else target.rsplit("-", 1)[0]


def assets_of(target: str) -> tuple[str, ...]:
    """The machines whose output a fault at ``target`` can touch."""
    if target in FAMILIES["BL"]:
        return mills_of(target)
    if target in FAMILIES["RTO"] or target == "UT-N2":
        return kilns_of(target)
    if target == "UT-EL":
        return rectifiers_of(target)
    if target == "PK":
        return fillers_of(target)
    machine = machine_of(target)
    return (machine,) if machine in UNIT else ()
