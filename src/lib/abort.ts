/** Work that ends early when a signal is aborted. */

/**
 * Calls a function when the signal is aborted, or now if it was already.
 */
export function onAbort (signal: AbortSignal, call: () => void): void {
  if (signal.aborted) call()
  else signal.addEventListener('abort', call, { once: true })
}

/**
 * Returns the promise's result unless the signal is aborted first; the work behind it continues in any case.
 * @param discard receives a result that comes too late
 * @throws the error of the promise, or the reason of the signal
 */
export async function unlessAborted<Result> (
  promise: Promise<Result>, signal: AbortSignal, discard: (result: Result) => unknown = () => undefined
): Promise<Result> {
  let stop: () => void = () => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)))
    onAbort(signal, stop)
  })
  try {
    return await Promise.race([promise, aborted])
  } catch (error) {
    if (signal.aborted) promise.then(discard, () => undefined)
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
