/** Bytes of a piece. */
const PIECE = 64 * 1024

/**
 * Bytes as a stream that is read only as fast as they can be sent.
 * @param onTaken Told how many have been taken when more are asked for; not of the end, which only the answer tells.
 */
export function streamOf(bytes: Uint8Array, onTaken: (taken: number) => void): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream(
    {
      pull(controller) {
        if (at >= bytes.length) return controller.close()
        onTaken(at)
        controller.enqueue(bytes.subarray(at, at + PIECE))
        at = Math.min(bytes.length, at + PIECE)
      },
    },
    { highWaterMark: 0 },
  )
}
