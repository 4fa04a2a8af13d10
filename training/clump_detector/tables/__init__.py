"""Tables that people bring, in many formats, read with care."""
