"""All I/O and all user code, as Temporal activities: small classes with their collaborators, which may each run twice with the same key."""
