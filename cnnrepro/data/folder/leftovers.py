"""Names of the files and folders that operating systems, network storage and tools leave in people's folders."""

from __future__ import annotations

import re

# Folders with copies, thumbnails or deleted pictures among them, so none of it may become a class. What begins with a
# dot is hidden by convention: .DS_Store, ._NAME (AppleDouble), .ipynb_checkpoints, .Trash-1000, .thumbnails, .git.
_LEFT = re.compile(
    r"\..*"
    r"|__MACOSX|Icon\r|Network Trash Folder|Temporary Items|TheVolumeSettingsFolder"  # macOS
    r"|Thumbs\.db(:encryptable)?|ehthumbs(_vista)?\.db|desktop\.ini|\$RECYCLE\.BIN|RECYCLER"  # Windows
    r"|System Volume Information|found\.\d{3}"
    r"|lost\+found"  # Linux
    r"|@eaDir|@tmp|@SynoResource|@SynoEAStream|#recycle|#snapshot|SYNOFILE_THUMB_.*|SYNOPHOTO_THUMB_.*"  # Synology
    r"|@Recycle|@Recently-Snapshot|@__thumb|@__desc|@Transcode|@SharedFolder|~snapshot"  # QNAP, NetApp
    r"|ZbThumbnail\.info|picasa\.ini|pspbrwse\.jbf|WS_FTP\.LOG|__pycache__",  # tools
    re.IGNORECASE,
)


def is_left_behind(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or nobody's: left by a system, a storage or a tool."""
    return _LEFT.fullmatch(name) is not None
