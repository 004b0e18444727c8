"""Text becomes speech: eSpeak NG in a process of its own, and when each word is heard."""
