"""Documents as comma-separated values: one row each, in the order of the model's fields."""

import csv
import io
import json
from collections.abc import Iterable, Iterator

from fastapi.responses import StreamingResponse

from weaver.documents.values import Document

CSV = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "as JSON, or with format=csv as CSV"}}
_ROWS_AT_ONCE = 500


def csv_answer(model: type[Document], documents: Iterable[Document], name: str) -> StreamingResponse:
    """Return documents as a CSV file of that name, made while it is sent. Lists and objects are written as JSON."""
    headers = {"Content-Disposition": f'attachment; filename="{_plain(name)}.csv"'}
    return StreamingResponse(_written(list(model.model_fields), documents), media_type="text/csv", headers=headers)


def _written(columns: list[str], documents: Iterable[Document]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for number, document in enumerate(documents, start=1):
        values = document.model_dump()
        writer.writerow([_cell(values[column]) for column in columns])
        if number % _ROWS_AT_ONCE == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value


def _plain(name: str) -> str:
    return "".join(character if character.isascii() and (character.isalnum() or character in "._-") else "_" for character in name)
