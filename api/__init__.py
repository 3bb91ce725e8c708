"""The HTTP door: a stateless FastAPI application over Temporal and WallE, for programs, curl and the dashboard.

It keeps no state of a run or an order: two processes of it are both right. What happened is read from WallE, what is next is asked of
Temporal, and what is to happen is a message to a workflow.
"""
