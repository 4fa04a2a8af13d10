"""Which galaxy comes next: what teaches most, what is alike, what is in doubt."""
