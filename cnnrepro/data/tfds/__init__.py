"""The data sets of tensorflow-datasets: their files checked, fetched or taken as they lie, prepared and read."""
