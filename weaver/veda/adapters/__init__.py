"""The adapters that Weaver brings; yours go into plugins/adapters."""
