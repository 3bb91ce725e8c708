"""What the deployment of Weaver's workers is called."""

DEPLOYMENT = "weaver"
