"""Reading tables from any source, in many formats, within limits."""
