/** Work put off to the end of this turn of the event loop, all of it in one go. */

let callbacks: (() => void)[] = []

/** Calls back when what is being read from all sockets in this turn has been handled. The callback must not throw. */
export function atEndOfTurn (callback: () => void): void {
  if (callbacks.length === 0) setImmediate(runAll)
  callbacks.push(callback)
}

function runAll (): void {
  const due = callbacks
  callbacks = []
  for (const callback of due) callback()
}
