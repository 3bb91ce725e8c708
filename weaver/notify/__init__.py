"""Notifications: which events a person wants to hear of, in which words, and how they are sent."""
