"""OPC UA StatusCode as the quality of a value (OPC UA Part 4, 7.39): the top two bits say which."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from service.domain.arrays import Bools, UInt32s

GOOD = 0x0000_0000
UNCERTAIN = 0x4000_0000
UNCERTAIN_SUBSTITUTE_VALUE = 0x4091_0000
"""Used for what the service estimated itself."""
BAD = 0x8000_0000
BAD_COMMUNICATION_ERROR = 0x8005_0000
BAD_NO_COMMUNICATION = 0x8031_0000
BAD_OUT_OF_RANGE = 0x803C_0000
"""Given to NaN and infinities, which are stored as null."""
BAD_NO_DATA = 0x809B_0000
"""Given to a minute whose production is unknown."""
BAD_DATA_ENCODING_INVALID = 0x8038_0000

OVERFLOW_BITS = 0x0000_0480
"""InfoType DataValue (bit 10) with Overflow (bit 7): the server's queue dropped samples before
this one."""


class Quality(IntEnum):
    """Severity of a StatusCode."""

    GOOD = 0
    UNCERTAIN = 1
    BAD = 2


def quality_of(status: int) -> Quality:
    """Severity of one StatusCode; the reserved fourth severity counts as Bad."""
    return Quality(min(status >> 30, 2))


def is_good(status: UInt32s) -> Bools:
    """True where the severity is Good; same shape as ``status``."""
    return np.asarray(status >> np.uint32(30) == 0, dtype=np.bool_)


def is_bad(status: UInt32s) -> Bools:
    """True where the severity is Bad (or reserved); same shape as ``status``."""
    return np.asarray(status >> np.uint32(31) == 1, dtype=np.bool_)
