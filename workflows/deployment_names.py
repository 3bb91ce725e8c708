"""What the deployment of Weaver's workers is called."""

DEPLOYMENT = "weaver"
BUILD_ATTRIBUTE = "TemporalWorkerDeploymentVersion"
"""The server's own search attribute: deployment and build, `weaver:<build>`, that a workflow is pinned to."""
