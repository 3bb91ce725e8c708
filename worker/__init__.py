"""The worker: its parent process (`python -m worker`), what that serves itself (`runs`), and one process for windows (`slot`)."""
