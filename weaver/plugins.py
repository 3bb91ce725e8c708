"""Finds drop-in files: a strategy or an adapter is a .py file with a literal `META`, read without running it."""

import ast
import dataclasses
import gc
import re
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from warnings import catch_warnings, simplefilter

from pydantic import TypeAdapter, ValidationError


class Meta(Protocol):
    """What every kind of META has: it is a dataclass with an id."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def id(self) -> str: ...


MetaT = TypeVar("MetaT", bound=Meta)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[MetaT]):
    """A file that can be listed. `line` is where its META stands, 1-based."""

    path: Path
    text: str
    line: int
    meta: MetaT

    @property
    def id(self) -> str:
        return self.meta.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A file that cannot be used, why, and the 1-based line if it is one line's fault.

    `id` is known when the META could be read; `has_meta` tells whether there is one at all.
    """

    path: Path
    reason: str
    line: int | None = None
    id: str | None = None
    has_meta: bool = True


def find(folders: Iterable[Path], kind: type[MetaT]) -> list[Found[MetaT] | Broken]:
    """Return each .py file of the folders in order, by name; `_private.py` and missing folders are passed over.

    Files that share an id are all Broken, each naming the others.
    """
    seen: set[Path] = set()
    entries: list[Found[MetaT] | Broken] = []
    for folder in folders:
        for path in sorted(folder.glob("*.py")):
            if path.name.startswith("_") or not path.is_file() or path.resolve() in seen:
                continue
            seen.add(path.resolve())
            entries.append(read(path, kind))
    return _without_shared_ids(entries)


def read(path: Path, kind: type[MetaT]) -> Found[MetaT] | Broken:
    """Return what a file's META says, or why it cannot be known."""
    try:
        text = path.read_bytes().decode()
    except OSError as problem:
        return Broken(path=path, reason=f"cannot be read: {problem.strerror}", has_meta=False)
    except UnicodeDecodeError as problem:
        return Broken(path=path, reason=f"is not UTF-8 text: {problem.reason} at byte {problem.start}", has_meta=False)
    return read_text(text, path, kind)


_PARSING = Lock()


@contextmanager
def _parsing() -> Generator[None]:
    """Let one thread parse, without a collection of garbage meanwhile.

    CPython 3.11 counts the depth of all trees that it makes together. What a collection runs, another thread or the report of an exception
    that nobody asked for, may parse as well, and this parsing then ends with a SystemError. `catch_warnings` is every thread's, too.
    """
    with _PARSING, catch_warnings():
        simplefilter("ignore")  # an odd escape in a listed file is its author's business when it runs
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if was_enabled:
                gc.enable()


def read_text(text: str, path: Path, kind: type[MetaT]) -> Found[MetaT] | Broken:
    """Return what the META in a file's text says, or why it cannot be known."""
    try:
        with _parsing():
            tree = ast.parse(text.encode(), filename=str(path))
    except SyntaxError as problem:
        return Broken(path=path, reason=f"syntax error: {problem.msg}", line=problem.lineno)
    except (ValueError, RecursionError, MemoryError) as problem:  # a null byte, or nested too deeply
        return Broken(path=path, reason=f"cannot be parsed: {problem}")
    value = next((value for value in map(_meta_value, reversed(tree.body)) if value), None)
    if value is None:
        return Broken(path=path, reason=f"has no META = {kind.__name__}(id=..., name=...)", has_meta=False)
    try:
        meta = _build(value, kind)
    except ValueError as problem:
        return Broken(path=path, reason=str(problem), line=value.lineno)
    return Found(path=path, text=text, line=value.lineno, meta=meta)


def _meta_value(statement: ast.stmt) -> ast.expr | None:
    match statement:
        case ast.Assign(targets=[ast.Name(id="META")], value=value):
            return value
        case ast.AnnAssign(target=ast.Name(id="META"), value=value):
            return value
        case _:
            return None


def _build(value: ast.expr, kind: type[MetaT]) -> MetaT:
    """Return the META that a literal call describes. Errors are ValueError."""
    match value:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[], keywords=keywords) if name == kind.__name__:
            pass
        case _:
            raise ValueError(f"META must be {kind.__name__}(name=value, ...) written out, since it is read without running the file")
    known = [field.name for field in dataclasses.fields(kind)]
    fields: dict[str, Any] = {}
    for keyword in keywords:
        if keyword.arg is None:
            raise ValueError("META may not use **: it is read without running the file")
        if keyword.arg not in known:
            raise ValueError(f"META {keyword.arg}: no such field; there are {', '.join(known)}")
        try:
            fields[keyword.arg] = ast.literal_eval(keyword.value)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            raise ValueError(f"META {keyword.arg} must be a literal, since it is read without running the file") from None
    try:
        meta = TypeAdapter(kind).validate_python(fields)
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        raise ValueError(f"META {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if not _ID.fullmatch(meta.id):
        raise ValueError(f"META id {meta.id!r}: expected letters, digits and . _ -, at most 64, such as 'sma-cross'")
    return meta


def _without_shared_ids(entries: Sequence[Found[MetaT] | Broken]) -> list[Found[MetaT] | Broken]:
    holders: dict[str, list[Path]] = {}
    for entry in entries:
        if isinstance(entry, Found):
            holders.setdefault(entry.id, []).append(entry.path)
    return [
        Broken(
            path=entry.path,
            reason=f"id '{entry.id}' is in {' and in '.join(map(str, holders[entry.id]))}: each id may be in one file only",
            line=entry.line,
            id=entry.id,
        )
        if isinstance(entry, Found) and len(holders[entry.id]) > 1
        else entry
        for entry in entries
    ]
