"""Files in a folder or an object store, behind one small interface: whole files, written at once or not at all."""

import fcntl
import os
import shutil
import sys
import uuid
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from weaver.errors import NotFound, Unavailable, Unusable


class Store(Protocol):
    """Files by name relative to one place, `/` between folders. A reader sees a file whole or not at all.

    Raise NotFound for a missing file, Unusable if the place forbids it, Unavailable if it does not answer.
    """

    location: str

    def read(self, name: str) -> bytes: ...

    def open(self, name: str) -> Any:
        """Return the file as pyarrow reads it, memory-mapped where possible."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Write the file, in place of an earlier one."""
        ...

    def create(self, name: str, content: bytes) -> None:
        """Write the file; raise FileExistsError if there is one of that name. Of two at once one succeeds."""
        ...

    def names(self, folder: str) -> list[str]:
        """Return the names of files right inside `folder`, sorted; none if it does not exist."""
        ...

    def folders(self, folder: str) -> list[str]:
        """Return the names of folders right inside `folder`, sorted."""
        ...

    def sizes(self) -> dict[str, int]:
        """Return the bytes of every file here and below, by name; none if there is no such place (yet)."""
        ...

    def modified(self, name: str) -> datetime: ...

    def delete(self, name: str) -> None:
        """Delete a file, if it is there."""
        ...

    def delete_folder(self, folder: str) -> None:
        """Delete a folder and all in it, if it is there."""
        ...

    def alone(self, name: str) -> AbstractContextManager[None]:
        """Keep other writers of `name` waiting meanwhile, where the place has locks; an object store has none."""
        ...


def open_store(location: str) -> Store:
    """Return the store at a local path or an fsspec URL (`s3://bucket/bars`, `memory://bars`)."""
    if location.startswith("file://"):
        location = location.removeprefix("file://")
    return ObjectStore(location) if "://" in location else LocalStore(location)


class LocalStore:
    """A folder. Files appear by rename; writers of one name are kept apart by a lock file in `.locks`."""

    def __init__(self, location: str) -> None:
        self.location = location
        self._root = Path(location).expanduser().absolute()

    def read(self, name: str) -> bytes:
        with _explained(self.location, name):
            return (self._root / name).read_bytes()

    def open(self, name: str) -> Any:
        with _explained(self.location, name):
            return pa.memory_map(str(self._root / name))

    def write(self, name: str, content: bytes) -> None:
        self._put(name, content, os.replace)

    def create(self, name: str, content: bytes) -> None:
        self._put(name, content, _rename_new)

    def _put(self, name: str, content: bytes, appear: Any) -> None:
        path = self._root / name
        with _explained(self.location, name):
            path.parent.mkdir(parents=True, exist_ok=True)
            # Unique, so that two writing one name at once do not write into each other's file.
            temporary = path.parent / f".{path.name}.{uuid.uuid4().hex}"
            try:
                with temporary.open("xb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                appear(temporary, path)
            finally:
                temporary.unlink(missing_ok=True)
            _sync(path.parent)

    def names(self, folder: str) -> list[str]:
        return self._inside(folder, files=True)

    def folders(self, folder: str) -> list[str]:
        return self._inside(folder, files=False)

    def _inside(self, folder: str, *, files: bool) -> list[str]:
        try:
            with _explained(self.location, folder), os.scandir(self._root / folder) as entries:
                return sorted(entry.name for entry in entries if entry.is_file() == files and not entry.name.startswith("."))
        except NotFound:
            return []

    def sizes(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for folder, inside, names in os.walk(self._root):
            inside[:] = sorted(name for name in inside if not name.startswith("."))
            for name in sorted(names):
                path = Path(folder) / name
                if name.startswith("."):
                    continue
                with suppress(FileNotFoundError):  # it was replaced or deleted just now
                    found[path.relative_to(self._root).as_posix()] = path.stat().st_size
        return found

    def modified(self, name: str) -> datetime:
        with _explained(self.location, name):
            return datetime.fromtimestamp((self._root / name).stat().st_mtime, UTC)

    def delete(self, name: str) -> None:
        with _explained(self.location, name):
            (self._root / name).unlink(missing_ok=True)

    def delete_folder(self, folder: str) -> None:
        with _explained(self.location, folder), suppress(FileNotFoundError):
            shutil.rmtree(self._root / folder)

    @contextmanager
    def alone(self, name: str) -> Generator[None]:
        path = self._root / ".locks" / f"{name.replace('/', '@')}.lock"
        with _explained(self.location, name):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = path.open("a")  # entered below; only the opening is explained
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # goes with the process, so a killed importer leaves no lock behind
            yield


def _rename_new(temporary: Path, path: Path) -> None:
    os.link(temporary, path)  # unlike a rename it fails when the name is taken


def _sync(folder: Path) -> None:
    """Make the names in a folder outlast a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _explained(location: str, name: str) -> Generator[None]:
    try:
        yield
    except FileNotFoundError as problem:
        raise NotFound("file", name, f"It should be in {location}.") from problem
    except FileExistsError:
        raise
    except OSError as problem:
        raise Unusable(f"{location} cannot be used ({name}): {problem.strerror or problem}.") from problem


class ObjectStore:
    """An object store by fsspec. A put is whole or nothing there, and `create` is the store's own "put if absent"."""

    def __init__(self, location: str) -> None:
        import fsspec.core  # 0.1 s that only users of a URL pay

        self.location = location
        try:
            # Listings are never cached: other machines write here as well.
            opened: tuple[Any, str] = fsspec.core.url_to_fs(location, use_listings_cache=False)
        except (ImportError, ValueError) as problem:
            raise Unusable(f"{location} cannot be opened: {problem}") from problem
        self._files, root = opened
        self._root = root.rstrip("/")

    def read(self, name: str) -> bytes:
        with _answered(self.location, name):
            return self._files.cat_file(self._path(name))

    def open(self, name: str) -> Any:
        return pa.BufferReader(self.read(name))

    def write(self, name: str, content: bytes) -> None:
        with _answered(self.location, name):
            self._files.pipe_file(self._path(name), content)

    def create(self, name: str, content: bytes) -> None:
        with _answered(self.location, name):
            self._files.pipe_file(self._path(name), content, mode="create")

    def names(self, folder: str) -> list[str]:
        return self._inside(folder, "file")

    def folders(self, folder: str) -> list[str]:
        return self._inside(folder, "directory")

    def _inside(self, folder: str, kind: str) -> list[str]:
        try:
            with _answered(self.location, folder):
                entries: list[dict[str, Any]] = self._files.ls(self._path(folder), detail=True)
        except NotFound:
            return []
        names = (entry["name"].rstrip("/").rsplit("/", 1)[-1] for entry in entries if entry["type"] == kind)
        return sorted(name for name in names if not name.startswith("."))

    def sizes(self) -> dict[str, int]:
        try:
            with _answered(self.location, ""):
                found: dict[str, dict[str, Any]] = self._files.find(self._root, detail=True)
        except NotFound:
            return {}
        return {path.removeprefix(f"{self._root}/"): int(entry["size"]) for path, entry in sorted(found.items())}

    def modified(self, name: str) -> datetime:
        with _answered(self.location, name):
            time: datetime = self._files.modified(self._path(name))
            return time.replace(tzinfo=UTC) if time.tzinfo is None else time

    def delete(self, name: str) -> None:
        try:
            with _answered(self.location, name):
                self._files.rm_file(self._path(name))
        except NotFound:
            return

    def delete_folder(self, folder: str) -> None:
        try:
            with _answered(self.location, folder):
                self._files.rm(self._path(folder), recursive=True)
        except NotFound:
            return

    @contextmanager
    def alone(self, name: str) -> Generator[None]:
        del name  # whoever writes here relies on `create`
        yield

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root


@contextmanager
def _answered(location: str, name: str) -> Generator[None]:
    try:
        yield
    except FileNotFoundError as problem:
        raise NotFound("file", name, f"It should be in {location}.") from problem
    except FileExistsError:
        raise
    except PermissionError as problem:
        raise Unusable(f"{location} may not be used ({name}): {problem}.") from problem
    except (OSError, *_vendor_errors()) as problem:
        if type(problem).__name__ == "NoCredentialsError":
            raise Unusable(f"{location} needs credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile.") from problem
        raise Unavailable(f"{location} does not answer ({name}): {problem}.") from problem


def _vendor_errors() -> tuple[type[Exception], ...]:
    """Return what the client of S3 raises besides OSError; nothing where it was never loaded."""
    loaded = sys.modules.get("botocore.exceptions")
    return (loaded.BotoCoreError,) if loaded else ()
