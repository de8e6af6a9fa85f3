"""Reads the style sheets as the tests need them: tokens, rules, and the contrast of two colours."""

import re
from pathlib import Path

CSS = Path(__file__).resolve().parents[2] / "static" / "css"


def text(*names):
    return "\n".join((CSS / f"{name}.css").read_text(encoding="utf-8") for name in names)


def tokens():
    """Return every custom property of :root, references followed."""
    found = dict(re.findall(r"--([\w-]+):\s*([^;]+);", text("tokens")))
    for name, value in found.items():
        reference = re.fullmatch(r"var\(--([\w-]+)\)", value.strip())
        if reference:
            found[name] = found[reference.group(1)]
    return {name: value.strip() for name, value in found.items()}


def rgb(colour):
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    return tuple(int(digits[at : at + 2], 16) for at in (0, 2, 4))


def mix(colour, share, ground):
    """Return what color-mix(in srgb, colour share%, ground) shows."""
    pairs = zip(rgb(colour), rgb(ground), strict=True)
    return "#" + "".join(f"{round(top * share / 100 + below * (100 - share) / 100):02x}" for top, below in pairs)


def luminance(colour):
    parts = [part / 255 for part in rgb(colour)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, two):
    """Return the ratio of WCAG 2: 1 to 21."""
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
