"""A site's files as text."""

from __future__ import annotations

from pathlib import Path

from service.settings.problems import SiteProblem

_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_text(path: Path, problems: list[SiteProblem]) -> str | None:
    """The text of a site's file without the mark that Excel puts first; None with a problem
    noted."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        remedy = f"create it; deploy/sites/changzhi/{path.name} is a sample"
        problems.append(SiteProblem(path.name, None, "", "the file", "none", remedy))
        return None
    except OSError as error:
        found = error.strerror or str(error)
        problems.append(
            SiteProblem(path.name, None, "", "a readable file", found, "check its permissions")
        )
        return None
    try:
        text = raw.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte 0x{error.object[error.start]:02X}"
        if raw.startswith(_UTF16):
            found = "UTF-16"
        line = error.object.count(b"\n", 0, error.start) + 1
        remedy = 'save the file as UTF-8 (in Excel: "CSV UTF-8")'
        problems.append(SiteProblem(path.name, line, "", "UTF-8 text", found, remedy))
        return None
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        remedy = "remove it, or save the file anew as UTF-8 text"
        problems.append(SiteProblem(path.name, line, "", "text", "a NUL character", remedy))
        return None
    return text
