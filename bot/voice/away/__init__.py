"""What is done while the model that writes is away."""
