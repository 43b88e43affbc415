"""Error rates of the vision, measured on folders of pictures with the product's own code; never imported by it."""
