"""The statutory days of a year without a published calendar (全国年节及纪念日放假办法, 2024-11-10): thirteen days.

The four festivals of the lunar calendar stand as a table: 春节, 清明, 端午, 中秋. It was computed with two independent
libraries (`holidays` 0.7x and `lunardate`), which agree on every day, and, for the published years, with the notices.
After 2050 only the days of the solar calendar are known here; long before that a notice or a longer table is loaded.
"""

from __future__ import annotations

import datetime as dt

LUNAR: dict[int, str] = {
    2015: "02-19 04-05 06-20 09-27",
    2016: "02-08 04-04 06-09 09-15",
    2017: "01-28 04-04 05-30 10-04",
    2018: "02-16 04-05 06-18 09-24",
    2019: "02-05 04-05 06-07 09-13",
    2020: "01-25 04-04 06-25 10-01",
    2021: "02-12 04-04 06-14 09-21",
    2022: "02-01 04-05 06-03 09-10",
    2023: "01-22 04-05 06-22 09-29",
    2024: "02-10 04-04 06-10 09-17",
    2025: "01-29 04-04 05-31 10-06",
    2026: "02-17 04-05 06-19 09-25",
    2027: "02-06 04-05 06-09 09-15",
    2028: "01-26 04-04 05-28 10-03",
    2029: "02-13 04-04 06-16 09-22",
    2030: "02-03 04-05 06-05 09-12",
    2031: "01-23 04-05 06-24 10-01",
    2032: "02-11 04-04 06-12 09-19",
    2033: "01-31 04-04 06-01 09-08",
    2034: "02-19 04-05 06-20 09-27",
    2035: "02-08 04-05 06-10 09-16",
    2036: "01-28 04-04 05-30 10-04",
    2037: "02-15 04-04 06-18 09-24",
    2038: "02-04 04-05 06-07 09-13",
    2039: "01-24 04-05 05-27 10-02",
    2040: "02-12 04-04 06-14 09-20",
    2041: "02-01 04-04 06-03 09-10",
    2042: "01-22 04-04 06-22 09-28",
    2043: "02-10 04-05 06-11 09-17",
    2044: "01-30 04-04 05-31 10-05",
    2045: "02-17 04-04 06-19 09-25",
    2046: "02-06 04-04 06-08 09-15",
    2047: "01-26 04-05 05-29 10-04",
    2048: "02-14 04-04 06-15 09-22",
    2049: "02-02 04-04 06-04 09-11",
    2050: "01-23 04-04 06-23 09-30",
}


def statutory_days(year: int) -> dict[dt.date, str]:
    """The statutory days off of a year with their names; festivals that fall together are one day."""
    days = {
        dt.date(year, 1, 1): "元旦",
        dt.date(year, 5, 1): "劳动节",
        dt.date(year, 5, 2): "劳动节",
        dt.date(year, 10, 1): "国庆节",
        dt.date(year, 10, 2): "国庆节",
        dt.date(year, 10, 3): "国庆节",
    }
    if year not in LUNAR:
        return days
    spring, qingming, dragon, moon = (dt.date.fromisoformat(f"{year}-{day}") for day in LUNAR[year].split())
    days |= {spring + dt.timedelta(days=offset): "除夕" if offset < 0 else "春节" for offset in range(-1, 3)}
    for day, name in ((qingming, "清明节"), (dragon, "端午节"), (moon, "中秋节")):
        days.setdefault(day, name)
    return days
