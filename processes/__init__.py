"""The processes of the worker: what the parent (`python -m worker`) serves itself (`runs`), and one for windows (`slot`)."""
