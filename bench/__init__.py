"""One file per question about speed and memory; every answer is a ratio of things measured side by side in one run."""
