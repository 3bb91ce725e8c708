"""What every request passes before a route: who may come in, from where, how often and with how much."""
