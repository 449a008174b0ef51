"""A shift report as PDF: the page, laid out by WeasyPrint in a process of its own.

Laying out takes a second of computing and native libraries; neither should hold up or end the
service.
"""

from __future__ import annotations

import asyncio
import logging
import sys

from service.runtime.errors import Retryable

TIMEOUT_S = 60.0
REMEDY = (
    "on Debian or Ubuntu: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 "
    "fonts-noto-cjk; the .html of the same report can be printed from a browser meanwhile"
)
NO_LIBRARY, NO_FONT = 3, 4


class CannotPrint(Exception):
    """What this machine lacks to make a PDF, and the remedy."""


async def report_pdf(html: str) -> bytes:
    """``html`` as PDF. Raises CannotPrint when a library or a font is missing, Retryable when it
    took too long. Called one at a time."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(TIMEOUT_S):
            pdf, said = await process.communicate(html.encode())
    except TimeoutError:
        raise Retryable(f"the PDF was not laid out within {TIMEOUT_S:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode == 0:
        return pdf
    if b"No fonts configured" in said:  # the layout warns of it, and then may crash
        raise CannotPrint(f"no PDF can be made here: there is no font at all; {REMEDY}")
    reason = said.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
    if process.returncode in (NO_LIBRARY, NO_FONT):
        raise CannotPrint(f"no PDF can be made here: {reason[0]}; {REMEDY}")
    raise RuntimeError(f"laying out a report failed with {process.returncode}: {reason[0]}")


class _Missing(logging.Handler):
    """Collects the Chinese characters that the layout found in no font. Other signs that somebody
    typed, and no font has, are printed as boxes."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.characters: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Takes the character that a record is about, if it is about one."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        self.characters |= {a for a in arguments if isinstance(a, str) and "一" <= a <= "\u9fff"}


def main() -> int:
    """HTML on standard input becomes PDF on standard output."""
    try:
        import weasyprint  # here: it takes a second, and native libraries that may be missing
    except OSError as error:
        sys.stderr.write(f"a library is missing ({str(error).splitlines()[0]})\n")
        return NO_LIBRARY
    missing = _Missing()
    logging.getLogger("weasyprint").addHandler(missing)
    nothing = weasyprint.URLFetcher(allowed_protocols=())
    page = weasyprint.HTML(string=sys.stdin.buffer.read().decode(), url_fetcher=nothing)
    pdf = page.write_pdf()
    if missing.characters:
        some = "".join(sorted(missing.characters)[:5])
        sys.stderr.write(f"a font with Chinese characters is missing (no {some})\n")
        return NO_FONT
    sys.stdout.buffer.write(pdf)
    return 0


if __name__ == "__main__":
    sys.exit(main())
