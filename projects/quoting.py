"""Names in sentences: quotes inside of quotes are single ones (GB/T 15834, 4.8.3.4), laws stand in 《》."""

from __future__ import annotations

import re

INNER = str.maketrans("“”", "‘’")


def quoted(words: object) -> str:
    """Return a name between “ and ”; quotes of its own become ‘ and ’."""
    return f"“{str(words).translate(INNER)}”"


#: A law at the beginning of a part: what ends in the word for its rank. A bare 实施条例 and what a place has not named
#: yet (省市…, 省级…) are no titles.
LAW = re.compile(r"(?!省|实施条例)([^《》第（(：:]+?(?:法|条例|办法|规定|规则))(?=第|\(|（|、|；|$)")
ARTICLE = re.compile(r"第(\d{1,3})(?=条|款|项)")
DIGITS = "零一二三四五六七八九"


def numeral(value: int) -> str:
    """Return a number below 1000 as laws number their articles: 8 八, 16 十六, 40 四十, 105 一百零五."""
    hundreds, rest = divmod(value, 100)
    tens, ones = divmod(rest, 10)
    said = f"{DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        said += "十" if tens == 1 and not hundreds else f"{DIGITS[tens]}十"
    elif hundreds and ones:
        said += "零"
    return said + DIGITS[ones] if ones or not said else said


def cited(basis: str) -> str:
    """Return a legal basis of the catalogue as a paper cites it: 建筑法第7条 becomes 《建筑法》第七条."""
    parts = [LAW.sub(r"《\1》", part, count=1) if LAW.match(part) else part for part in basis.split("；")]
    return ARTICLE.sub(lambda found: f"第{numeral(int(found[1]))}", "；".join(parts))
