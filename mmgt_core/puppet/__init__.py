"""The portrait as a puppet: cut out, taken apart into limbs, and moved along its bones before a filled background."""
