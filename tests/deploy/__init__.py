"""What runs Weaver on servers: the compose file, images, nginx, and the whole of them as processes."""
