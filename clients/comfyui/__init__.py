"""ComfyUI imports this folder from its `custom_nodes`, and finds here which nodes it has."""

from .talking_video import TalkingVideo

NODE_CLASS_MAPPINGS = {"MMGTTalkingVideo": TalkingVideo}
NODE_DISPLAY_NAME_MAPPINGS = {"MMGTTalkingVideo": "MMGT: talking video"}

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]
