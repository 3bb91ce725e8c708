"""One file per command. Each has `add_to(app)`, which registers it; it is imported only when that command is called."""
