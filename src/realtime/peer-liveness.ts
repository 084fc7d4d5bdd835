/** Whether the client of a socket is still there, found out at each ping. */

/** Bytes that a slow client reads between two pings, at least: 42 kB/s by default. */
const BYTES_PER_PING = 1_048_576

/** What is known of the life of one client. */
export class PeerLiveness {
  /** Cleared by each ping and set by anything received. */
  #isAlive = true
  /** Whether this side does not read the socket now, so that no answer to a ping can arrive. */
  isPaused = false
  /** At the last ping: bytes that the operating system had taken for sending, and those that waited. */
  #sentAtPing = 0
  #unsentAtPing = 0
  /** Pings since the last one before which something was received, and the bytes sent until then. */
  #silentPings = 0
  #sentBeforeSilence = 0

  /** Something was received. */
  noteLife (): void {
    this.#isAlive = true
  }

  /**
   * Called before each ping. @returns whether the client may be alive
   * @param sent bytes that the operating system has taken for sending
   * @param unsent bytes that wait
   */
  survivesPing (sent: number, unsent: number): boolean {
    if (this.#isAlive) {
      this.#silentPings = 0
      this.#sentBeforeSilence = sent
    } else {
      this.#silentPings++
      if (!this.#isReading(sent, unsent)) return false
    }
    this.#isAlive = false
    this.#sentAtPing = sent
    this.#unsentAtPing = unsent
    return true
  }

  /**
   * Whether a client from which nothing was received may be reading all the same. A slow one finds the ping behind
   * megabytes in the buffers of the operating systems, and while this side does not read it sees no answer. It has time
   * to read what was sent, and is alive when bytes move that had to wait for it. To a client that is gone no more bytes
   * are sent as soon as the buffer of the operating system is full.
   */
  #isReading (sent: number, unsent: number): boolean {
    if (sent - this.#sentBeforeSilence >= this.#silentPings * BYTES_PER_PING) return true
    const isMoving = sent > this.#sentAtPing
    return this.isPaused ? isMoving || unsent === 0 : isMoving && this.#unsentAtPing > 0
  }
}
