"""What files on a disk are, by themselves: for the HTTP face and the method alike, who may not know each other."""
