"""What was told earlier: months closed, and how what was told then has held."""
