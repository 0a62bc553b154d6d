"""Growing: more partitions for the topics that there are, with all that workers know moved to where its keys belong."""
