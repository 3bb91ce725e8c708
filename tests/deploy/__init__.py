"""What is deployed: files that name each other, and what they name."""
