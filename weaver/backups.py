"""A backup: one tar file with Temporal's and WallE's databases, bars and results, and its way back into an empty home.

Order matters. What Temporal's history names must be in WallE and in the files, so Temporal's database is copied first and the files
last: what is there besides does no harm, since every write may be repeated. After the way back every account is held until it was
compared with its venue, which knows more than the backup does.
"""

import json
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import make_url

from weaver.errors import BadInput, Unusable
from weaver.settings import Settings
from weaver.walle.database import Database
from weaver.walle.dumping import SQLITE, copy_sqlite, dump_postgresql, is_empty, kind_of, load_postgresql
from weaver.walle.recovering import LostOrders

CONTENTS = "backup.json"
WALLE = "walle"
TEMPORAL = "temporal"
EMBEDDED = "temporal.db"
FOLDERS = ("results", "bars")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What a backup holds: `databases` are names of its files, `files` how many of bars and results it has."""

    weaver: str
    taken_at: str
    walle: str
    databases: list[str]
    files: int
    left_out: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came of a restore: accounts in `held` take no orders until they were compared with their venues."""

    backup: Backup
    held: list[str]


def back_up(settings: Settings, target: Path, temporal: Sequence[str] = ()) -> Backup:
    """Write a backup while everything runs. `temporal` are URLs of a Temporal server's PostgreSQL databases.

    The file appears once it is whole. Raises Unusable when it cannot be written or a copy cannot be made, Unavailable when a database
    does not answer.
    """
    if target.exists():
        raise BadInput(f"{target} is there already; a backup does not take the place of another.", field="file")
    partial = target.with_name(f".{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".weaver-backup-") as folder, tarfile.open(partial, "w") as archive:
            backup = _write(settings, archive, Path(folder), temporal)
        partial.replace(target)
    except OSError as problem:
        raise Unusable(f"{target} cannot be written: {problem.strerror or problem}.") from problem
    finally:
        partial.unlink(missing_ok=True)
    return backup


def _write(settings: Settings, archive: tarfile.TarFile, folder: Path, temporal: Sequence[str]) -> Backup:
    taken_at = datetime.now(UTC)
    databases: list[Path] = []
    embedded = settings.home_path / EMBEDDED
    if embedded.exists() and not settings.temporal_address:
        copy_sqlite(embedded, folder / EMBEDDED)
        databases.append(folder / EMBEDDED)
    for url in temporal:
        name = folder / f"{TEMPORAL}-{make_url(url).database}.dump"
        dump_postgresql(url, name)
        databases.append(name)
    databases.append(_copied(settings.database_url, folder))
    # The series' lists before the files that they name: what is added meanwhile is in no list.
    files = [path for name in FOLDERS for path in _files(_place(settings, name))]
    files.sort(key=lambda path: "manifests" not in path.parts)
    for path in databases:
        archive.add(path, path.name)
    kept = sum(_add(archive, settings, path) for path in files)
    backup = Backup(
        weaver=version("weaver"),
        taken_at=taken_at.isoformat(),
        walle=kind_of(settings.database_url),
        databases=[path.name for path in databases],
        files=kept,
        left_out=[place for name in FOLDERS if (place := _location(settings, name)) and "://" in place],
    )
    contents = folder / CONTENTS
    contents.write_text(json.dumps(asdict(backup), indent=2) + "\n")
    archive.add(contents, CONTENTS)
    return backup


def _copied(url: str, folder: Path) -> Path:
    if kind_of(url) != SQLITE:
        dump_postgresql(url, folder / f"{WALLE}.dump")
        return folder / f"{WALLE}.dump"
    file = Path(str(make_url(url).database))
    if not file.exists():
        raise BadInput(f"Nothing is stored in {file} yet.", field="WEAVER_HOME")
    copy_sqlite(file, folder / f"{WALLE}.db")
    return folder / f"{WALLE}.db"


def _add(archive: tarfile.TarFile, settings: Settings, path: Path) -> bool:
    name = next(name for name in FOLDERS if (place := _place(settings, name)) and path.is_relative_to(place))
    place = _place(settings, name)
    assert place is not None, "files are looked for in folders only"
    try:
        archive.add(path, f"{name}/{path.relative_to(place)}", recursive=False)
    except FileNotFoundError:
        return False  # deleted meanwhile, with its run or by a compaction
    return True


def _files(place: Path | None) -> list[Path]:
    if place is None or not place.is_dir():
        return []
    return sorted(path for path in place.rglob("*") if path.is_file() and not any(part.startswith(".") for part in path.parts[-3:]))


def _location(settings: Settings, name: str) -> str:
    return {"bars": settings.bars_location, "results": settings.results_location}[name]


def _place(settings: Settings, name: str) -> Path | None:
    """Return a folder of files; None for an object store, whose own means keep it."""
    location = _location(settings, name).removeprefix("file://")
    return None if "://" in location else Path(location).expanduser().absolute()


def restore(settings: Settings, source: Path, temporal: Sequence[str] = ()) -> Restored:
    """Put a backup into an empty home and empty databases, and hold every account. Raises BadInput when something is there already."""
    with _opened(source) as archive:
        backup = _contents(archive, source)
        _check(settings, backup, temporal)
        with tempfile.TemporaryDirectory(prefix="weaver-restore-") as folder:
            for name in backup.databases:
                archive.extract(name, folder, filter="data")
            for name in FOLDERS:
                place = _place(settings, name)
                if place is not None:
                    _unpack(archive, name, place)
            for name in backup.databases:
                _load(settings, Path(folder) / name, temporal)
    return Restored(backup=backup, held=hold(settings, backup=datetime.fromisoformat(backup.taken_at)))


def hold(settings: Settings, *, backup: datetime) -> list[str]:
    """Have every account refuse new orders until it was compared with its venue; return them. To be done after any restore of WallE."""
    database = Database.open(settings.database_url)
    try:
        return LostOrders(database).hold_all(datetime.now(UTC), backup=backup)
    finally:
        database.close()


def _opened(source: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(source, "r:")
    except OSError as problem:
        raise BadInput(f"{source} cannot be read: {problem.strerror or problem}.", field="file") from problem
    except tarfile.TarError as problem:
        raise BadInput(f"{source} is no backup: {problem}.", field="file") from problem


def _contents(archive: tarfile.TarFile, source: Path) -> Backup:
    try:
        file = archive.extractfile(CONTENTS)
        assert file is not None, "it was written as a file"
        return Backup(**json.load(file))
    except (KeyError, TypeError, ValueError) as problem:
        raise BadInput(f"{source} is no backup of Weaver: it does not say what it holds ({problem}).", field="file") from problem


def _check(settings: Settings, backup: Backup, temporal: Sequence[str]) -> None:
    wanted = kind_of(settings.database_url)
    if backup.walle != wanted:
        raise BadInput(f"The backup is of WallE on {backup.walle}, and WEAVER_DB_URL names {wanted}.", field="WEAVER_DB_URL")
    given = {f"{TEMPORAL}-{make_url(url).database}.dump" for url in temporal}
    dumps = {name for name in backup.databases if name.startswith(f"{TEMPORAL}-")}
    if given != dumps:
        raise BadInput(
            f"The backup has of Temporal: {', '.join(sorted(dumps)) or 'no dump'}. Name a database for each.", field="--temporal-db"
        )
    full = [url for url in (settings.database_url, *temporal) if not is_empty(url)]
    if full:
        shown = ", ".join(make_url(url).render_as_string() for url in full)
        raise BadInput(f"A backup goes into empty databases only; there are tables in {shown}.", field="WEAVER_DB_URL")
    places = [settings.home_path / EMBEDDED, *(place for name in FOLDERS if (place := _place(settings, name)))]
    taken = [str(place) for place in places if place.is_file() or (place.is_dir() and any(place.iterdir()))]
    if taken:
        raise BadInput(f"A backup goes into an empty home only; there are files in {', '.join(taken)}.", field="WEAVER_HOME")


def _unpack(archive: tarfile.TarFile, name: str, place: Path) -> None:
    for member in archive.getmembers():
        if member.name.startswith(f"{name}/"):
            archive.extract(member.replace(name=member.name.removeprefix(f"{name}/")), place, filter="data")


def _load(settings: Settings, file: Path, temporal: Sequence[str]) -> None:
    if file.name == EMBEDDED:
        settings.home_path.mkdir(parents=True, exist_ok=True)
        copy_sqlite(file, settings.home_path / EMBEDDED)
    elif file.name == f"{WALLE}.db":
        target = Path(str(make_url(settings.database_url).database))
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_sqlite(file, target)
    elif file.name == f"{WALLE}.dump":
        load_postgresql(settings.database_url, file)
    else:
        load_postgresql(next(url for url in temporal if file.name == f"{TEMPORAL}-{make_url(url).database}.dump"), file)
