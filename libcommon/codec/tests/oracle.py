"""Python's own codecs as judges of ours.

    oracle.py generate FILE   writes random values, one on each line: their JSON, MessagePack and CBOR in hexadecimal
    oracle.py check FILE      reads lines of the same form made by us from the same values, in the same order
"""

import base64
import json
import random
import sys

import cbor2
import msgpack


def text(r):
    return "".join(chr(r.choice([r.randrange(32, 127), r.randrange(1, 0xD800), r.randrange(0xE000, 0x110000)]))
                   for _ in range(r.randrange(12)))


def make(r, depth):
    kind = r.randrange(9 if depth else 7)
    if kind == 0:
        return r.choice([None, True, False])
    if kind == 1:
        return r.randrange(-300, 300)
    if kind == 2:
        return r.choice([1, -1]) * r.getrandbits(r.randrange(1, 64))
    if kind == 3:
        return r.getrandbits(64)
    if kind == 4:
        return r.choice([0.0, 1.0, r.random(), r.uniform(-1e300, 1e300), r.random() * 10.0 ** r.randrange(-300, 300)])
    if kind == 5:
        return text(r)
    if kind == 6:
        return r.randbytes(r.randrange(300))
    if kind == 7:
        return [make(r, depth - 1) for _ in range(r.randrange(20))]
    return {text(r): make(r, depth - 1) for _ in range(r.randrange(20))}


def values():
    r = random.Random(11)
    return [make(r, 4) for _ in range(400)]


def to_json(v):
    def binary(octets):
        return "\0" + base64.b64encode(octets).decode()

    def plain(x):
        if isinstance(x, bytes):
            return binary(x)
        if isinstance(x, list):
            return [plain(e) for e in x]
        if isinstance(x, dict):
            return {k: plain(e) for k, e in x.items()}
        return x

    return plain(v)


def same(a, b):
    """Equal, and ints stay ints, floats floats."""
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    return a == b


def main(command, path):
    if command == "generate":
        with open(path, "w", encoding="ascii") as f:
            for i, v in enumerate(values()):
                forms = json.dumps(to_json(v), ensure_ascii=bool(i % 2)).encode(), msgpack.packb(v), cbor2.dumps(v)
                print(*(form.hex() for form in forms), file=f)
        return
    with open(path, encoding="ascii") as f:
        lines = f.read().splitlines()
    wanted = values()
    assert len(lines) == len(wanted), f"{len(lines)} lines in place of {len(wanted)}"
    for n, (line, v) in enumerate(zip(lines, wanted)):
        as_json, as_msgpack, as_cbor = map(bytes.fromhex, line.split())
        assert same(json.loads(as_json), to_json(v)), f"json, value {n}: {as_json!r}"
        assert same(msgpack.unpackb(as_msgpack), v), f"msgpack, value {n}: {as_msgpack.hex()}"
        assert same(cbor2.loads(as_cbor), v), f"cbor, value {n}: {as_cbor.hex()}"


main(*sys.argv[1:])
