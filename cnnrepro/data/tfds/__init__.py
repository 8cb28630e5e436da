"""The data sets of tensorflow-datasets (TFDS): their files checked, fetched or taken as they lie, prepared and read.

published_files  which files TFDS knows, with sizes and SHA-256; does a folder hold them?
download         is there a network at all? fetches the files
prepare          prepare: files or downloads, through TFDS, into the data folder
read_prepared    what TFDS left there: is it whole, and its images and labels
cifar10          the six files that CIFAR-10 was published as
photographs      the photographs that TFDS keeps, still encoded
"""
