"""Weaver."""
