"""What training needs; so far its losses."""
