"""The strategies that come with Weaver; each file stands alone and may be copied, changed or deleted."""
