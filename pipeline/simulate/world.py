"""The simulated world: who buys, what, where, at which hour. Names and prices as in Indonesian shops."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate, count
from random import Random
from typing import NamedTuple

from schemas import times


class Item(NamedTuple):
    """One article on a shelf; whole rupiah."""

    sku: str
    name: str
    price: int


class City(NamedTuple):
    """Where a buyer lives: how far parcels travel and how many of a hundred orders go there."""

    name: str
    hub: str
    days: float
    weight: int


CATALOGUES: tuple[tuple[Item, ...], ...] = (
    (
        Item("KOP-GAYO-250", "Kopi Gayo Arabika 250 g", 78_000),
        Item("KOP-TRJ-250", "Kopi Toraja Sapan 250 g", 92_000),
        Item("KOP-KNT-1K", "Kopi Kintamani 1 kg", 265_000),
        Item("KOP-RBT-500", "Kopi Robusta Lampung 500 g", 64_000),
        Item("V60-SET", "Set Seduh V60 Keramik", 215_000),
        Item("FLT-V60", "Kertas Saring V60 isi 100", 39_000),
        Item("GLA-ARN", "Gula Aren Cair 1 L", 55_000),
    ),
    (
        Item("PWR-20K", "Power Bank 20.000 mAh", 279_000),
        Item("TWS-PRO", "Earphone TWS Pro", 199_000),
        Item("KBL-USBC", "Kabel USB-C 60 W 1 m", 35_000),
        Item("CHG-GAN65", "Charger GaN 65 W", 249_000),
        Item("HLD-MTR", "Holder HP Motor", 89_000),
        Item("LMP-LED5", "Lampu LED Emergency isi 5", 125_000),
        Item("STK-4L", "Stop Kontak 4 Lubang 3 m", 72_000),
    ),
    (
        Item("BTK-PKL-M", "Kemeja Batik Pekalongan Pria M", 189_000),
        Item("BTK-PKL-L", "Kemeja Batik Pekalongan Pria L", 189_000),
        Item("TNK-MLT-01", "Tunik Melati Katun Jepang", 145_000),
        Item("HJB-VOAL", "Hijab Voal Premium", 49_000),
        Item("MKN-PRK", "Mukena Parasut Travel", 119_000),
        Item("SRG-GJH", "Sarung Tenun Gajah", 98_000),
        Item("GMS-LBR", "Gamis Lebaran Brokat", 325_000),
    ),
)
"""What shops sell: coffee, electronics, clothes. A shop takes the catalogue of its place among the sellers."""

CITIES = (
    City("Jakarta Selatan", "JKT-TBS", 1.2, 18),
    City("Bandung", "BDG-GDB", 1.5, 12),
    City("Surabaya", "SUB-RKT", 2.0, 12),
    City("Tangerang", "JKT-KOI", 1.3, 10),
    City("Bekasi", "JKT-BKS", 1.3, 10),
    City("Semarang", "SRG-TGU", 2.0, 7),
    City("Yogyakarta", "YOG-SLM", 2.0, 7),
    City("Malang", "MLG-BLB", 2.3, 5),
    City("Medan", "MES-AMP", 3.2, 6),
    City("Palembang", "PLM-ILR", 2.9, 4),
    City("Makassar", "UPG-TLO", 3.5, 4),
    City("Denpasar", "DPS-SST", 2.8, 3),
    City("Balikpapan", "BPN-SPG", 3.8, 1),
    City("Jayapura", "DJJ-SNT", 5.5, 1),
)

FIRST_NAMES = (
    *("Ayu", "Budi", "Citra", "Dewi", "Eko", "Fitri", "Galih", "Hana", "Indra", "Joko", "Kartika", "Lestari"),
    *("Made", "Nadia", "Oka", "Putri", "Rizky", "Sari", "Taufik", "Utami", "Wahyu", "Yusuf", "Zahra", "Siti"),
)
LAST_NAMES = (
    *("Pratama", "Wijaya", "Santoso", "Hidayat", "Kusuma", "Nugroho", "Siregar", "Simanjuntak", "Halim", "Rahman"),
    *("Saputra", "Permata", "Anggraini", "Wibowo", "Maulana", "Setiawan", "Nasution", "Ginting", "Purnama", "Lubis"),
)

HOURS = (2, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 7, 6, 6, 6, 7, 9, 12, 13, 11, 7, 4)
"""How many of the day's orders come in each hour, Western Indonesian time: lunch and the evening."""

_HOURS = tuple(accumulate(HOURS))


def buyer(dice: Random) -> str:
    """Names somebody."""
    return f"{dice.choice(FIRST_NAMES)} {dice.choice(LAST_NAMES)}"


def city(dice: Random) -> City:
    """Picks a city by how many buyers live there."""
    return dice.choices(CITIES, weights=[c.weight for c in CITIES])[0]


def campaign(day: datetime) -> float:
    """Tells how much more is bought on a day: double dates (11.11), paydays, weekends."""
    if day.day == day.month:
        return 3.0
    if day.day >= 25 or day.day == 1:  # noqa: PLR2004  # salaries are paid on the 25th
        return 1.4
    return 1.2 if day.weekday() >= 5 else 1.0  # noqa: PLR2004  # Saturday


def placements(dice: Random, start: int, per_day: float) -> Iterator[int]:
    """Gives, without end, the instants at which orders are placed: `per_day` on a usual day, more on campaign days."""
    morning = times.to_datetime(start, times.WIB).replace(hour=0, minute=0, second=0, microsecond=0)
    for day in (morning + timedelta(days=n) for n in count()):
        wanted = per_day * campaign(day)
        orders = int(wanted) + (dice.random() < wanted % 1)
        yield from (at for at in sorted(_instant(dice, day) for _ in range(orders)) if at >= start)


def spread(dice: Random, start: int, until: int, orders: int) -> Sequence[int]:
    """Gives the instants of exactly so many orders between two instants, by the same hours and days."""
    days = range(-(-(until - start) // times.DAY) + 1)
    mornings = [times.to_datetime(start, times.WIB).replace(hour=0, minute=0, second=0) + timedelta(d) for d in days]
    heavy = tuple(accumulate(campaign(day) for day in mornings))
    placed: list[int] = []
    while len(placed) < orders:
        at = _instant(dice, dice.choices(mornings, cum_weights=heavy)[0])
        if start <= at < until:
            placed.append(at)
    return sorted(placed)


def _instant(dice: Random, day: datetime) -> int:
    hour = dice.choices(range(24), cum_weights=_HOURS)[0]
    return times.from_datetime(day) + hour * times.HOUR + dice.randrange(times.HOUR)
