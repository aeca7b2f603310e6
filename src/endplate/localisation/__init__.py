"""Find the vertebral column in a CT."""
