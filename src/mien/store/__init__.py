"""What is kept on disk; pictures only where somebody asks for them."""
