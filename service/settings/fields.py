"""The kinds of fields that site.toml and rules.toml are made of.

They are stricter than pydantic's own: TOML has types, so a number in quotes is a mistake, and a
bare
number is no time of day. A message after "Input should be" says what was expected.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StrictBool,
    StrictFloat,
    StrictInt,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from service.domain.alarm import Priority

FIRST_YEAR, LAST_YEAR = 1971, 2198
"""Whole years within the times that the service takes."""


class Section(BaseModel):
    """A table of a site's file: unknown keys are mistakes, and numbers are finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def wrong(expected: str) -> PydanticCustomError:
    """The error for a value that is not what was ``expected``."""
    return PydanticCustomError("expected", "Input should be {expected}", {"expected": expected})


NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_HOUR_AND_MINUTE = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def _printable(value: str) -> str:
    if not value.isprintable():
        raise wrong("text on one line, without control characters")
    return value


def _name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise wrong("letters, digits, - and _, beginning with a letter or digit")
    return value


def _local_time(value: object) -> time:
    if isinstance(value, time):  # TOML's own local time
        return value
    found = _HOUR_AND_MINUTE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise wrong('a local time of day as "HH:MM"')
    return time(int(found[1]), int(found[2]))


def _date_or_local(value: object) -> date:
    """A date, or a datetime without offset (which Python counts among the dates)."""
    if not isinstance(value, date):
        raise wrong("a date or a local date-time without quotes")
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise wrong(f"a date from {FIRST_YEAR} to {LAST_YEAR}")
    if isinstance(value, datetime) and value.tzinfo is not None:
        raise wrong("a local date-time without an offset, in the site's time_zone")
    return value


def _only_date(value: object) -> date:
    if isinstance(value, datetime):
        raise wrong("a date without a time")
    return _date_or_local(value)


def _time_zone(value: object) -> ZoneInfo:
    if isinstance(value, ZoneInfo):
        return value
    try:
        if isinstance(value, str) and value:
            return ZoneInfo(value)
    except (LookupError, ValueError, OSError):  # unknown, malformed, or the name of a folder
        pass
    raise wrong("the IANA name of a time zone")


def _priority(value: object) -> Priority:
    if isinstance(value, Priority):
        return value
    try:
        return Priority[value.upper()] if isinstance(value, str) else Priority(-1)
    except (KeyError, ValueError):
        raise wrong(" or ".join(f'"{p.name.lower()}"' for p in Priority)) from None


Text = Annotated[
    str,
    StringConstraints(min_length=1, strict=True, strip_whitespace=True),
    AfterValidator(_printable),
]
Name = Annotated[Text, AfterValidator(_name)]
Flag = StrictBool
Whole = StrictInt
Number = StrictFloat
"""Whole numbers are numbers too; text and true or false are not."""
Positive = Annotated[Number, Field(gt=0)]
NotNegative = Annotated[Number, Field(ge=0)]
DelayS = Annotated[Number, Field(ge=0, le=31 * 86_400)]
LocalTime = Annotated[time, BeforeValidator(_local_time)]
DateOrLocal = Annotated[date, PlainValidator(_date_or_local)]
OnlyDate = Annotated[date, PlainValidator(_only_date)]
TimeZone = Annotated[ZoneInfo, BeforeValidator(_time_zone)]


def _priority_or_auto(value: object) -> Priority | None:
    if value is None or value == AUTO:
        return None
    try:
        return _priority(value)
    except PydanticCustomError:
        names = " or ".join(f'"{p.name.lower()}"' for p in Priority)
        raise wrong(f'{names} or "{AUTO}"') from None


AUTO = "auto"
"""The priority that follows from what is at stake."""
PriorityOrAuto = Annotated[Priority | None, BeforeValidator(_priority_or_auto)]
PriorityName = Annotated[Priority, BeforeValidator(_priority)]
