"""The store's verbs: each builds one call, which is one atomic script and a reader for its reply."""
