"""Photographs of one's own: from files to a canvas of pixels, one file each.

listing: which pictures there are, of which class. kinds: what a file is, by its bytes. reading: a picture's pixels.
source: names, labels and bytes in one order. canvas: pictures of one size. survey: one look at every picture. store:
the canvases on disk. stored: reading them back.
"""

ON_ERROR = ("stop", "skip")
"""What may be done about a picture that cannot be read: stop with its name, or leave it out and count it."""
