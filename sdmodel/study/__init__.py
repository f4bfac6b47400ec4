"""What is asked and what came back."""
