"""What makes a PyNET ready for integers: which tensors have ranges, learning them, finding where it is lost."""
