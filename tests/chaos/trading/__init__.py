"""A run on a venue that speaks Alpaca's protocol, whose processes are killed at named points."""
