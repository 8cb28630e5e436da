"""What becomes of an image between the splits and the network: windows, mirrors, colours, batches."""
