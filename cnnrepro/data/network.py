"""Is there a network? Asked once and briefly, before tensorflow-datasets goes on asking for minutes.

Without a network TFDS tries again and again, 205 s in all, before it gives up.
"""

from __future__ import annotations

import threading
import urllib.error
import urllib.request

from cnnrepro.data.checksums import KnownFile

TIME_LIMIT = 4.0  # seconds, everything included


def why_unreachable(file: KnownFile, time_limit: float = TIME_LIMIT) -> str | None:
    """Ask for a file's headers, by way of the proxies of the environment as TFDS does.

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


def _ask(file: KnownFile, time_limit: float) -> str | None:
    request = urllib.request.Request(file.url, method="HEAD")  # noqa: S310 - an address of TFDS's own list
    # An opener of its own: urlopen keeps the one it builds first, and with it the proxies of that moment.
    opener = urllib.request.build_opener()
    try:
        with opener.open(request, timeout=time_limit) as response:
            status, length = response.status, response.headers.get("Content-Length")
    except urllib.error.HTTPError as error:
        return f"it answered with status {error.code}"
    except urllib.error.URLError as error:
        return str(error.reason)
    except Exception as error:  # whatever it is, there is no download; the caller says what to do
        return f"{type(error).__name__}: {error}"
    if status != 200:
        return f"it answered with status {status}"
    if length is not None and length != str(file.size):
        return f"it offers {length} bytes instead of {file.size}, as the sign-on page of a network would"
    return None
