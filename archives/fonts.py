"""The Chinese fonts of the papers: a small fonts.conf under GAIGE_VAR that names the folder of the installed package.

fontconfig reads `FONTCONFIG_FILE` once, when the first library asks it, so `prepare` runs when the app starts and
before the renderer is imported. The same variable serves a browser that is started from this process. A missing
package stops the start (system check gaige.E001), since glyphs would be dropped without a word.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from xml.sax.saxutils import escape

from django.conf import settings

PACKAGE = "pylopdf_fonts_zh_cn"
SYSTEM_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")
CONFIG = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
{folders}
<cachedir>{cache}</cachedir>
<alias binding="same"><family>serif</family><prefer><family>Noto Serif SC</family></prefer></alias>
<alias binding="same"><family>sans-serif</family>
<prefer><family>Noto Sans SC</family><family>DejaVu Sans</family></prefer></alias>
<alias binding="same"><family>system-ui</family><prefer><family>Noto Sans SC</family></prefer></alias>
<config><rescan><int>0</int></rescan></config>
</fontconfig>
"""


def font_folder() -> Path | None:
    """Return the folder of the installed font package, or None."""
    spec = importlib.util.find_spec(PACKAGE)
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def prepare() -> Path | None:
    """Write the configuration of the fonts and point fontconfig at it; return its path, None without the package."""
    folder = font_folder()
    if folder is None:
        return None
    home = Path(settings.GAIGE_VAR) / "fonts"
    cache = home / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    named = [str(folder), *(path for path in SYSTEM_FOLDERS if Path(path).is_dir())]
    text = CONFIG.format(folders="\n".join(f"<dir>{escape(path)}</dir>" for path in named), cache=escape(str(cache)))
    target = home / "fonts.conf"
    if not target.is_file() or target.read_text(encoding="utf-8") != text:
        aside = home / f"fonts.conf.{os.getpid()}"
        aside.write_text(text, encoding="utf-8")
        aside.replace(target)
    os.environ["FONTCONFIG_FILE"] = str(target)
    return target
