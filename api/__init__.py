"""The HTTP face of the service: takes uploads, answers with job records. Built by a later issue."""
