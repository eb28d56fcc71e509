"""Made-up photographs: scenes in layers, seen through a thin lens."""
