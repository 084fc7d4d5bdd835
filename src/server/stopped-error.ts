/** The process was told to stop. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError'
  readonly signal: NodeJS.Signals

  constructor (signal: NodeJS.Signals) {
    super(`The process received ${signal}.`)
    this.signal = signal
  }
}
