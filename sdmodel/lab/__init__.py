"""The policy lab: one page with the model inside, which opens without a server."""
