"""How long a frame of MPEG sound is, by its header: MP3 and raw AAC are told by it where their beginning is lost."""

_KBITS = {  # by MPEG version 1 or not, and layer
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_ADTS_HEADER_BYTES = 7


def mpeg_frame_bytes(header: bytes) -> int | None:
    """The length of a frame of MPEG layer 1, 2 or 3 (ISO/IEC 11172-3, 2.4.2.3); None if none begins so.

    Args:
        header: its first bytes, at least four.
    """
    bits = int.from_bytes(header[:4], "big")
    if bits >> 21 != 0x7FF:
        return None
    version, layer = bits >> 19 & 3, 4 - (bits >> 17 & 3)
    kbit_index, rate_index, padding = bits >> 12 & 15, bits >> 10 & 3, bits >> 9 & 1
    if version == 1 or layer == 4 or kbit_index in (0, 15) or rate_index == 3:
        return None  # reserved, or of free length
    bits_per_s = 1000 * _KBITS[version == 3, layer][kbit_index]
    rate_hz = _RATES_HZ[version][rate_index]
    if layer == 1:
        return 4 * (12 * bits_per_s // rate_hz + padding)
    return (72 if layer == 3 and version != 3 else 144) * bits_per_s // rate_hz + padding


def adts_frame_bytes(header: bytes) -> int | None:
    """The length of a frame of raw AAC (ISO/IEC 13818-7, 6.2); None if none begins so.

    Args:
        header: its first bytes, at least seven.
    """
    bits = int.from_bytes(header[:_ADTS_HEADER_BYTES], "big")
    length = bits >> 13 & 0x1FFF
    is_sync = len(header) >= _ADTS_HEADER_BYTES and bits >> 44 == 0xFFF and bits >> 41 & 3 == 0
    return length if is_sync and length > _ADTS_HEADER_BYTES else None
