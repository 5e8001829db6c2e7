"""In which encoding a text is written, by its bytes."""

import re

COMMON_HANZI = range(0xB0, 0xD8)  # lead bytes of the 3,755 characters that nearly all Chinese text is written in
MOSTLY = 0.8  # of the bytes outside ASCII


def find_encoding(content: bytes) -> tuple[str, str]:
    """Encoding of a text, and one word of it as proof where several encodings would read it.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    encoding : str
        ascii, utf-8, utf-16, gb18030, cp1252 or latin-1.
    proof : str
        A word with a letter outside ASCII; empty where the bytes leave no doubt.

    Examples
    --------
    >>> find_encoding("Zoë".encode("latin-1"))
    ('cp1252', 'Zoë')
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16", ""
    if content.isascii():
        return "ascii", ""
    try:
        content.decode("utf-8")
        return "utf-8", ""
    except UnicodeDecodeError:
        pass
    for encoding in ("gb18030", "cp1252", "latin-1"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding != "gb18030" or _is_chinese(content):
            return encoding, next(word for word in re.split(r"[\s,;|\"]+", text) if not word.isascii())
    raise AssertionError("latin-1 reads every byte")


def _is_chinese(content: bytes) -> bool:
    """Whether the bytes outside ASCII come in pairs that stand for common Chinese characters."""
    pairs = re.findall(rb"[\x81-\xfe][\x40-\xfe]", content)
    high = sum(byte >= 0x80 for byte in content)
    common = sum(pair[0] in COMMON_HANZI and pair[1] >= 0xA1 for pair in pairs)
    return 2 * len(pairs) >= MOSTLY * high and common >= MOSTLY * len(pairs) / 2 and common > 0
