"""Photographs, of the user's own or of TFDS.

find_pictures   which pictures a folder or a CSV table has, of which class and split
layout          which folders are classes and which are splits
picture_files   which files are pictures that are read, and what looks like one and is left out
leftovers       names of what systems and tools leave behind
csv_table       pictures that a table lists
findings        what is to be said of pictures: left out, guessed, damaged, in two places
source          names, labels and bytes of photographs in one order
decoding        the pixels of a picture, or why it cannot be read
canvas          the square that every photograph is brought to
survey          one look at every picture
cache           the canvases on disk
lazy_pictures   canvases that are read, or decoded, when they are asked for
picture_splits  the three splits
"""
