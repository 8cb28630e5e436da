"""How an input becomes another: changes of bytes, of lines and words, and of JSON by its structure."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random

Change = Callable[[Random, bytes], bytes]

MOST = 2**17  # bytes of an input
ODD_BYTES = (b"\x00", b"\x01", b"\x7f", b"\x80", b"\xff")
ODD_TEXTS = ("", " ", "\0", "\n", "\x1b[2J", "\u202e", "\ud800", "é", "NaN", "true", "../" * 9, "x" * 5000, "-",
    "%s", "{0}")  # fmt: skip
ODD_NUMBERS = (0, -1, 1, 2, 0.5, -0.0, 255, 2**31, 2**32, 2**53 + 1, 2**63, -(2**63) - 1, 10**18, 10**400, 1e308,
    5e-324)  # fmt: skip
ODD_NUMBERS += (float("nan"), float("inf"), float("-inf"))
DEEPEST = 3000


def of_bytes(tokens: Sequence[bytes] = ()) -> list[Change]:
    """The changes of bytes, with words that mean something to who reads them."""

    def flip(random: Random, data: bytes) -> bytes:
        changed = bytearray(data)
        for _ in range(random.choice((1, 1, 1, 2, 8))):
            if changed:
                changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
        return bytes(changed)

    def set_number(random: Random, data: bytes) -> bytes:
        place, size = random.randrange(len(data) + 1), random.choice((1, 2, 4, 8))
        value = random.choice((0, 1, 2**7, 2**8 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 65500, 100))
        value = random.choice((value, random.getrandbits(8 * size))) % 2 ** (8 * size)
        return data[:place] + value.to_bytes(size, random.choice(("big", "little"))) + data[place + size :]

    def truncate(random: Random, data: bytes) -> bytes:
        return data[: random.randrange(len(data) + 1)]

    def cut(random: Random, data: bytes) -> bytes:
        start, end = _span(random, data)
        return data[:start] + data[end:]

    def repeat(random: Random, data: bytes) -> bytes:
        start, end = _span(random, data)
        return data[:end] + data[start:end] * random.choice((1, 2, 10, 200)) + data[end:]

    def move(random: Random, data: bytes) -> bytes:
        start, end = _span(random, data)
        rest = data[:start] + data[end:]
        place = random.randrange(len(rest) + 1)
        return rest[:place] + data[start:end] + rest[place:]

    def put_token(random: Random, data: bytes) -> bytes:
        token, place = random.choice((*tokens, *ODD_BYTES)), random.randrange(len(data) + 1)
        over = random.choice((0, len(token)))
        return data[:place] + token * random.choice((1, 1, 1, 3, 500)) + data[place + over :]

    return [flip, flip, set_number, set_number, truncate, cut, repeat, move, *[put_token] * 3]


def of_text(tokens: Sequence[str]) -> list[Change]:
    """The changes of a text line by line and word by word."""

    def change_line(random: Random, data: bytes) -> bytes:
        lines = data.split(b"\n")
        place = random.randrange(len(lines))
        kind = random.randrange(5)
        if kind == 0:
            del lines[place]
        elif kind == 1:
            lines.insert(place, random.choice(lines))
        elif kind == 2:
            lines[place] = b" " * random.choice((1, 2, 4, 50)) + lines[place]
        elif kind == 3:
            lines[place] = lines[place].lstrip()
        else:
            lines[place] += random.choice(tokens).encode(errors="surrogatepass")
        return b"\n".join(lines)

    def nest(random: Random, data: bytes) -> bytes:
        start, end = _span(random, data)
        left, right = random.choice(
            (("[", "]"), ("{a: ", "}"), ("(", ")"), ("- ", ""), ("? ", ""), ("-", ""), ("[", ""))
        )
        depth = random.choice((1, 10, 49, 51, 300, DEEPEST))
        return data[:start] + left.encode() * depth + data[start:end] + right.encode() * depth + data[end:]

    return [change_line, change_line, nest, *of_bytes([token.encode(errors="surrogatepass") for token in tokens])]


def of_json(tokens: Sequence[object]) -> list[Change]:
    """The changes of a JSON value by its structure, and of its text."""

    def change(random: Random, data: bytes) -> bytes:
        try:
            value = [json.loads(data)]
        except (ValueError, RecursionError):
            return data
        for _ in range(random.choice((1, 1, 2, 4))):
            _change_part(random, value, tokens)
        try:
            text = json.dumps(value[0], indent=random.choice((None, 1)))
            return text.encode(errors="surrogatepass")
        except (ValueError, RecursionError):  # a number of thousands of digits, or nested too deeply
            return data

    words = [token if isinstance(token, str) else json.dumps(token) for token in tokens]
    return [*[change] * 20, *of_text([*words, "1e999", "NaN", "1" * 5000, "\\ud800", "\\u0000", '"', "{", "[", ","])]


def _change_part(random: Random, root: list, tokens: Sequence[object]) -> None:
    """Change one part of what is in ``root``."""
    places = list(_places(root))
    holder, key = random.choice(places[-40:] if random.random() < 0.3 else places)
    value = holder[key]
    kind = random.randrange(9)
    if kind == 0 and holder is not root:
        del holder[key]
    elif kind == 1:
        other, name = random.choice(places)
        if name in other if isinstance(other, dict) else name < len(other):
            holder[key] = _copy(other[name])
    elif kind == 2 and isinstance(holder, dict):
        holder[_name(random, tokens)] = holder.pop(key)
    elif kind == 3 and isinstance(holder, dict):
        holder[_name(random, tokens)] = _value(random, tokens)
    elif kind == 4 and isinstance(value, list):
        value[:] = [_copy(one) for one in value[:50] for _ in range(random.choice((2, 20)))]
    elif kind == 5:
        for _ in range(random.choice((1, 2, 19, 99))):
            value = random.choice(([value], {"a": value}))
        holder[key] = value
    elif kind == 6 and isinstance(value, str):
        place = random.randrange(len(value) + 1)
        holder[key] = value[:place] + str(_value(random, tokens))[:6000] + value[place:]
    elif kind == 7 and isinstance(value, (int, float)):
        holder[key] = random.choice((value + 1, -value, value * 1000, str(value), [value], value == value))
    else:
        holder[key] = _value(random, tokens)


def _value(random: Random, tokens: Sequence[object]) -> object:
    choices = (
        None,
        True,
        False,
        [],
        {},
        random.choice(ODD_TEXTS),
        random.choice(ODD_NUMBERS),
        random.choice(ODD_NUMBERS),
    )
    return _copy(random.choice((*choices, *[random.choice(tokens) for _ in range(4)])))


def _name(random: Random, tokens: Sequence[object]) -> str:
    return random.choice(([one for one in tokens if isinstance(one, str)] or [""]) + list(ODD_TEXTS[:6]))


def _places(root: list) -> list[tuple[dict | list, object]]:
    """Every place in a value: what holds it, and where."""
    found, waiting = [], [root]
    while waiting:
        holder = waiting.pop()
        for key in list(holder) if isinstance(holder, dict) else range(len(holder)):
            found.append((holder, key))
            if isinstance(holder[key], (dict, list)):
                waiting.append(holder[key])
    return found


def _copy(value: object) -> object:
    return json.loads(json.dumps(value)) if isinstance(value, (dict, list)) else value


def _span(random: Random, data: bytes) -> tuple[int, int]:
    start = random.randrange(len(data) + 1)
    return start, min(len(data), start + random.choice((1, 2, 4, 8, 16, 64, 1000)))


def mutated(random: Random, data: bytes, others: Sequence[bytes], changes: Sequence[Change]) -> bytes:
    """An input made from one, or spliced from two, by some changes."""
    if random.random() < 0.1:
        other = random.choice(others)
        data = data[: random.randrange(len(data) + 1)] + other[random.randrange(len(other) + 1) :]
    for _ in range(random.choice((1, 1, 1, 2, 2, 4, 8))):
        data = random.choice(changes)(random, data)[:MOST]
    return data
