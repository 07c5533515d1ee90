"""What the catalog decides from values in hand: no query, no clock."""
