"""The dataset that a survey's search makes: tables, what is done, what was reviewed."""
