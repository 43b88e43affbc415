"""How each net of ours was made and measured; one command per net, never imported by the product."""
