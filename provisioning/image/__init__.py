"""The device's image: layers as data (package lists, files, units) and the small builder that makes a disk of them."""
