"""Attachments of the demonstration: one page each, drawn with Pillow, saying what it stands for."""

from __future__ import annotations

import io
from functools import lru_cache

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw, ImageFont

PAGE = (620, 877)


@lru_cache(maxsize=1)
def _font_file() -> str:
    from archives.fonts import font_folder

    folder = font_folder()
    if folder is None:
        raise FileNotFoundError("the Chinese fonts are not installed, run dev.py or pip install -r requirements.lock")
    return str(next(path for path in sorted(folder.rglob("*Sans*")) if path.suffix.lower() in {".ttf", ".otf", ".ttc"}))


@lru_cache(maxsize=512)
def _page(title: str) -> bytes:
    image = Image.new("L", PAGE, 255)
    draw = ImageDraw.Draw(image)
    draw.rectangle((24, 24, PAGE[0] - 24, PAGE[1] - 24), outline=120)
    draw.text((60, 90), "演示材料", font=ImageFont.truetype(_font_file(), 18), fill=90)
    font = ImageFont.truetype(_font_file(), 30)
    for row, start in enumerate(range(0, len(title), 16)):
        draw.text((60, 140 + row * 46), title[start : start + 16], font=font, fill=0)
    draw.text((60, PAGE[1] - 90), "人名、单位和内容均为虚构", font=ImageFont.truetype(_font_file(), 16), fill=90)
    out = io.BytesIO()
    image.save(out, "PDF", resolution=72.0)
    return out.getvalue()


def attachment(title: str) -> SimpleUploadedFile:
    """Return an upload: a one-page PDF with the title on it."""
    return SimpleUploadedFile(f"{title[:40]}.pdf", _page(title), content_type="application/pdf")


def photograph(title: str) -> SimpleUploadedFile:
    """Return an upload: a small JPEG with the title on it, as from a telephone."""
    image = Image.new("RGB", (800, 600), (186, 198, 208))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 360, 800, 600), fill=(150, 138, 118))
    draw.text((40, 40), title, font=ImageFont.truetype(_font_file(), 36), fill=(20, 30, 40))
    draw.text((40, 540), "演示照片", font=ImageFont.truetype(_font_file(), 20), fill=(20, 30, 40))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return SimpleUploadedFile(f"{title[:40]}.jpg", out.getvalue(), content_type="image/jpeg")
