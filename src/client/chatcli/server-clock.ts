/** An estimate of the server's clock: that of the device may be wrong by hours. */

/** The server states times in whole seconds. */
const RESOLUTION_MS = 1_000

/** Estimates the server's time, initially by the device's clock. */
export class ServerClock {
  #offsetMs = 0

  /** The server's time in milliseconds since 1970; if it is uncertain, the latest possible one. */
  now (): number {
    return Date.now() + this.#offsetMs
  }

  /**
   * Records a time that the server has stated in an answer, truncated to the second. The device's clock is used while
   * it agrees.
   * @param time in milliseconds since 1970
   * @param sentAt when the request was sent, by the device's clock
   */
  learn (time: number, sentAt: number): void {
    const agrees = sentAt < time + RESOLUTION_MS && Date.now() >= time
    this.#offsetMs = agrees ? 0 : time + RESOLUTION_MS - sentAt
  }
}
