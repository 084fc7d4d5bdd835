/** Work that is deferred to the end of the current turn of the event loop, and done together. */

/** Has work to do at the end of the turn. It must not throw. */
export type Flushable = { endTick: () => void }

let due: Flushable[] = []

/** Calls `endTick` when everything that was read from all sockets in this turn has been handled. */
export function flushAtEndOfTick (target: Flushable): void {
  if (due.length === 0) setImmediate(runAll)
  due.push(target)
}

function runAll (): void {
  const targets = due
  due = []
  for (const target of targets) target.endTick()
}
