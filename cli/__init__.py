"""The `weaver` command. `main.py` finds the command asked for and loads nothing else; `stack.py` runs the embedded server."""
