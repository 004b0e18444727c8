"""`mmgt doctor`: what the service needs of this machine and of its neighbours, a line for each."""
