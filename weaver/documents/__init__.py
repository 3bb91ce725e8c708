"""The JSON shapes that programs get, from the API and from commands with `--json` alike: one model each, and what makes it of a record.

Money, prices and quantities are decimal texts, times ISO-8601 texts in UTC with Z, ratios and percentages numbers; absent is null.
"""
