/** Waits that a program may give up by an `AbortSignal`. */

/** The reason why a signal was aborted, as an error. */
export function reasonOf (signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason
  return reason instanceof Error ? reason : new Error('Aborted.', { cause: reason })
}

/** @throws the reason of a signal that is aborted */
export function throwIfAborted (signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw reasonOf(signal)
}

/** Waits for a result, but not longer than until a signal is aborted. @throws the signal's reason */
export async function abortable<Result> (result: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return result
  if (signal.aborted) throw reasonOf(signal)
  let abort = (): void => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(reasonOf(signal))
    signal.addEventListener('abort', abort, { once: true })
  })
  return Promise.race([result, aborted]).finally(() => signal.removeEventListener('abort', abort))
}
