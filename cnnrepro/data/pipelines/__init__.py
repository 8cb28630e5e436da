"""What becomes of an image between the splits and the network.

definition  what a pipeline is: the choices it is made of
catalogue   the pipelines, as each paper has them
draws       what is drawn for each image in an epoch: window, mirror, colours
feeding     batches: shuffled, augmented, prefetched
probes      further tests, on moved and rescaled images and on training images: what there is, and where it fits
moving      the arithmetic of that
"""
