"""Keypoints of people in pictures, drawn skeletons, and the joining of pose segments."""
