"""Which cutout is proposed next and why: what models say, orders, doubts, likeness."""
