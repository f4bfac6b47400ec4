"""What a model is: expressions, functions, names and units."""
