"""Which cutout teaches most: what models say of them, and orders made of that."""
