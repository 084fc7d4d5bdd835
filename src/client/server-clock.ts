/** The server's clock, as far as a client can tell: that of the device may be wrong by hours. */

/** The server names times in whole seconds. */
const RESOLUTION_MS = 1_000

/** Estimates the server's time; at first that is the device's. */
export class ServerClock {
  #offsetMs = 0

  /** The server's time in milliseconds since 1970; where it is in doubt, the latest that it can be. */
  now (): number {
    return Date.now() + this.#offsetMs
  }

  /**
   * Takes note of a time that the server has named in an answer, cut to the second. The device's clock is believed
   * where it agrees.
   * @param time in milliseconds since 1970
   * @param sentAt when the request was sent, by the device's clock
   */
  learn (time: number, sentAt: number): void {
    const agrees = sentAt < time + RESOLUTION_MS && Date.now() >= time
    this.#offsetMs = agrees ? 0 : time + RESOLUTION_MS - sentAt
  }
}
