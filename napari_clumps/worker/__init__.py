"""The process that runs models, and the requests that are sent to it."""
