"""Values and rules of trading. Pure."""
