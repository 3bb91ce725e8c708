"""Writes the OpenAPI document of the API to docs/openapi.json; with --check only tells, by its exit code, whether that is stale."""

import json
import sys
from pathlib import Path

from api.main import create_app
from weaver.settings import Settings

FILE = Path(__file__).parents[1] / "docs" / "openapi.json"


def document() -> str:
    """Return the document as it is written to the file. It follows from the code alone, whatever the environment says."""
    return json.dumps(create_app(Settings.model_construct()).openapi(), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    text = document()
    if "--check" not in sys.argv[1:]:
        FILE.write_text(text, encoding="utf-8")
        print(f"Wrote {FILE.relative_to(Path.cwd())}." if FILE.is_relative_to(Path.cwd()) else f"Wrote {FILE}.")
    elif not FILE.exists() or FILE.read_text(encoding="utf-8") != text:
        sys.exit("docs/openapi.json is stale. Write it again: make openapi")


if __name__ == "__main__":
    main()
