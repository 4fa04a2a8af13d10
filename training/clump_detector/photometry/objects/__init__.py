"""What a box holds by its look: a clump, a star, light of a galaxy, or an artefact."""
