"""QR codes as SVG: one path on a white ground, nothing to load, sharp on any printer.

Version by the length of the text, mask fixed: choosing among eight masks would cost fifteen times as long.
"""

from __future__ import annotations

from functools import lru_cache

import qrcode
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

MASK = 4
#: Light modules around the code that scanners need.
QUIET = 4
LEVELS = {
    "M": qrcode.constants.ERROR_CORRECT_M,
    "Q": qrcode.constants.ERROR_CORRECT_Q,
    "H": qrcode.constants.ERROR_CORRECT_H,
}


def matrix(text: str, *, level: str = "M") -> list[list[bool]]:
    """Return the modules of the code of `text`, row by row, without its quiet zone."""
    code: qrcode.QRCode[qrcode.image.base.BaseImage] = qrcode.QRCode(
        error_correction=LEVELS[level], border=0, mask_pattern=MASK
    )
    code.add_data(text)
    code.make(fit=True)
    return [[bool(module) for module in row] for row in code.modules]


@lru_cache(maxsize=512)
def svg(text: str, *, level: str = "M", label: str = "二维码", size: int = 160) -> SafeString:
    """Return the QR code of `text` as an SVG picture of `size` pixels with its quiet zone; `level` M, Q or H."""
    rows = matrix(text, level=level)
    side = len(rows)
    path = "".join(_runs(line, row) for line, row in enumerate(rows))
    whole = side + 2 * QUIET
    return mark_safe(  # noqa: S308 - numbers and one escaped label
        f'<svg class="qr" xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" '
        f'viewBox="{-QUIET} {-QUIET} {whole} {whole}" role="img" aria-label="{escape(label)}" '
        f'shape-rendering="crispEdges"><path fill="#fff" d="M{-QUIET} {-QUIET}h{whole}v{whole}h-{whole}z"/>'
        f'<path fill="#000" d="{path}"/></svg>'
    )


def _runs(line: int, row: list[bool]) -> str:
    """Return one path piece per run of dark modules in a row."""
    out, start = [], None
    for column, dark in enumerate([*row, False]):
        if dark and start is None:
            start = column
        elif not dark and start is not None:
            out.append(f"M{start} {line}h{column - start}v1h-{column - start}z")
            start = None
    return "".join(out)
