"""Event streams: histories followed once for all who listen, and what each client hears of them."""
