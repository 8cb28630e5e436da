"""The network: is there one, and the files from it.

The files are fetched here and not by tensorflow-datasets. TFDS tries again for 205 s where there is no network, and
when one file fails, the threads that fetch the others keep the process from ending just as long. It still compares the
checksums of what was fetched (see ``prepare``).
"""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from cnnrepro.data.tfds.published_files import KnownFile

TIME_LIMIT = 4.0  # seconds to find out whether there is a network, everything included
_STALL_LIMIT = 30.0  # seconds without a byte after which a download is given up

# Packed files are wanted as they are; a server may not pack or unpack them on the way.
_HEADERS = {"Accept-Encoding": "identity"}


def why_unreachable(file: KnownFile, time_limit: float = TIME_LIMIT) -> str | None:
    """Ask for a file's headers, by way of the proxies of the environment.

    The question is put in a thread of its own, since looking up a host name has no time limit that could be set.

    Args:
        file: the file that would be downloaded.
        time_limit: seconds after which the answer is taken for none.

    Returns:
        None if the file is there with the size it should have, or else the reason as a clause.
    """
    answer: list[str | None] = []
    thread = threading.Thread(target=lambda: answer.append(_ask(file, time_limit)), daemon=True)
    thread.start()
    thread.join(time_limit)
    return answer[0] if answer else f"no answer within {time_limit:g} s"


def download(file: KnownFile, folder: Path) -> None:
    """Fetch a file into a folder, under its own name. Its checksum is the caller's to compare.

    Raises:
        OSError: the network failed or the folder cannot take the file.
    """
    import requests
    import urllib3

    with requests.get(file.url, headers=_HEADERS, stream=True, timeout=_STALL_LIMIT) as response:
        response.raise_for_status()
        try:
            with (folder / file.name).open("wb") as target:
                shutil.copyfileobj(response.raw, target, length=1 << 20)
        except urllib3.exceptions.HTTPError as error:  # requests makes its own errors OSErrors, and lets this one pass
            raise ConnectionError(f"{file.name} broke off: {error}") from error


def reason(error: BaseException) -> str:
    """What lies at the bottom of an error of the network: "[Errno 111] Connection refused"."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error) or type(error).__name__


def _ask(file: KnownFile, time_limit: float) -> str | None:
    import requests

    try:
        response = requests.head(file.url, headers=_HEADERS, timeout=time_limit, allow_redirects=True)
    except Exception as error:  # whatever it is, there is no download; the caller says what to do
        return reason(error)
    if response.status_code != 200:
        return f"it answered with status {response.status_code}"
    length = response.headers.get("Content-Length")
    if length is not None and length != str(file.size):
        return f"it offers {length} bytes instead of {file.size}, as the sign-on page of a network would"
    return None
