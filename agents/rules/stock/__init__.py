"""Stock: what orders do with a seller's articles, how many of each are left, and when that is worth a word."""
