"""Payment policy in a regional medical consortium, as a stock-and-flow model."""
