"""A whole deployment as processes, each with the command and the variables that the compose file gives its service."""
