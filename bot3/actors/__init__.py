"""Decision actors: thin synchronous shells around the pure rooms."""
