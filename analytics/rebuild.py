"""Rebuild: the warehouse anew, from Kafka and the archive, beside the live one; compared, then swapped in one step."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from analytics.archive import store
from analytics.rebuilding.comparing import Difference, carry_over, compare
from analytics.rebuilding.filling import Progress, check, fill
from analytics.shards import configured
from analytics.warehouse import Warehouse, WarehouseBusyError, WarehouseError
from pipeline.settings import Settings


class Rebuilt(NamedTuple):
    """What a rebuild did.

    carried: rows older than what Kafka keeps, taken from the live file. differences: empty where that was lost or
    could not be read. kept: where the former file lies now; None where there was none, or nothing was swapped.
    """

    records: int
    unreadable: int
    carried: int
    seconds: float
    differences: list[Difference]
    kept: Path | None


def rebuild(
    settings: Settings, *, archived: bool = False, shadow: bool = False, progress: Progress = lambda *_: None
) -> Rebuilt:
    """Makes a new file from all that Kafka keeps and puts it in the place of the live one; `shadow` only compares.

    `archived`: from the archive what that has, and only the rest from Kafka.
    The live file stays as it is until the new one is complete, and beside it after that.
    Raises WarehouseBusyError while somebody uses it, IncompleteError when the new one is not complete.
    """
    began, path = time.monotonic(), warehouse_path(settings)
    new = path.with_name(f"{path.name}.rebuilding")
    live = _open_live(path)  # and keeps it, so that nobody starts to use it meanwhile
    try:
        _remove(new)
        fresh = Warehouse(new, configured(settings))
        try:
            read = fill(fresh, settings.kafka, progress, store.folder(settings) if archived else None)
            unreadable = check(fresh, read)
        finally:
            fresh.close()
        progress(read.total, read.total, "comparing with the live file")
        carried = carry_over(live, new, read, configured(settings)) if live else 0
        differences = compare(live, new) if live else []
        if live:
            live.close()
        kept = None if shadow else _swap(path, new)
        return Rebuilt(read.total, unreadable, carried, time.monotonic() - began, differences, kept)
    finally:
        if live:
            live.close()
        _remove(new)


def warehouse_path(settings: Settings) -> Path:
    """Gives the place of the live file."""
    return settings.home / "arus.duckdb"


def _open_live(path: Path) -> Warehouse | None:
    """Opens the live file, whatever it keeps; None where there is none, or none that can be read."""
    try:
        return Warehouse(path) if path.exists() else None
    except WarehouseBusyError:
        raise
    except WarehouseError:
        return None


def _swap(path: Path, new: Path) -> Path | None:
    """Puts the new file in the place of the live one, which stays beside it; at no moment is there none, or half a one.

    The log of a live file that could not be read goes first: it must not be taken for the new one's.
    """
    kept = path.with_name(f"{path.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    existed = path.exists()
    log = _log(path)
    if log.exists():
        log.rename(_log(kept))
    if existed:
        os.link(path, kept)
    new.replace(path)
    store.sync(path.parent)
    return kept if existed else None


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    _log(path).unlink(missing_ok=True)
