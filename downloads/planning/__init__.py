"""What a fetch would do, worked out before a byte moves."""
