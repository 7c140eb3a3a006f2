"""Four hash chains, a thread each: the job of ../chains.ts in Python."""

import hashlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor

LANES = 4
WORD = 32


class JobError(Exception):
    """What is wrong with a job, in words for whoever reads result.json."""


def chain(seed: bytes, lane: int, steps: int) -> bytes:
    end = hashlib.sha256(seed + bytes([lane])).digest()
    for _ in range(1, steps):
        end = hashlib.sha256(end).digest()
    return end


def prove() -> bytes:
    try:
        with open("/in/public_inputs", "rb") as file:
            public = file.read()
    except FileNotFoundError:
        raise JobError("the file /in/public_inputs is missing") from None
    if len(public) != 2 * WORD:
        raise JobError("public_inputs is not two words of 32 bytes")
    seed, steps = public[:WORD], int.from_bytes(public[WORD:], "big")
    if not 1 <= steps < 1 << 32:
        raise JobError("the number of steps is not 1 to 2^32 - 1")
    # Python runs one thread at a time; what leaves the interpreter (large hashes, numpy) runs beside it.
    with ThreadPoolExecutor(LANES) as threads:
        proof = b"".join(threads.map(lambda lane: chain(seed, lane, steps), range(LANES)))
    print(f"Python: {LANES} lanes, {LANES} threads")
    return proof


def main() -> None:
    with open("/in/job.json", encoding="utf-8") as file:
        nonce = json.load(file)["nonce"]
    result = {"schema": "gevulot/result@1", "nonce": nonce, "files": []}
    try:
        proof = prove()
        with open("/out/proof", "wb") as file:
            file.write(proof)
        named = {"name": "proof", "size": len(proof), "sha256": hashlib.sha256(proof).hexdigest()}
        result |= {"status": "ok", "files": [named]}
    except JobError as error:
        print(error, file=sys.stderr)
        result |= {"status": "error", "error": str(error)}
    with open("/out/result.json", "w", encoding="utf-8") as file:
        json.dump(result, file)


main()
