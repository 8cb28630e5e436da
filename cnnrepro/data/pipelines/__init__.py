"""What becomes of an image between the splits and the network.

definition  what a pipeline is: the choices it is made of
catalogue   the pipelines, as each paper has them
draws       what is drawn for each image in an epoch: window, mirror, colours
feeding     batches: shuffled, augmented, prefetched
probes      test images moved and rescaled in their frame: what probes there are, and where they fit
moving      the arithmetic of that
"""
