"""One file per kind of thing that the API gives."""
