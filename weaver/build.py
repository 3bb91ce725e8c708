"""Which code is installed: a digest of all that takes part in runs."""

from hashlib import sha256
from pathlib import Path

_PARTS = ("weaver", "workflows", "activities", "processes", "worker.py")
_LENGTH = 12


def code_digest(root: Path = Path(__file__).parents[1]) -> str:
    """Return 12 hex digits of SHA-256 over the names and contents of the Python files that a worker is made of."""
    digest = sha256()
    for file in sorted(file for part in _PARTS for file in _files(root / part)):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(root).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:_LENGTH]


def _files(part: Path) -> list[Path]:
    return [part] if part.is_file() else list(part.rglob("*.py"))
