"""Where a file loses accuracy: its tensors against those of the float graph, one by one along the network."""
