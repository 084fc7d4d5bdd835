/** Work put off to the end of this turn of the event loop, all of it in one go. */

/** Has work to do at the end of the turn. It must not throw. */
export type Flushable = { endTick: () => void }

let due: Flushable[] = []

/** Calls back when what is being read from all sockets in this turn has been handled. */
export function flushAtEndOfTick (target: Flushable): void {
  if (due.length === 0) setImmediate(runAll)
  due.push(target)
}

function runAll (): void {
  const targets = due
  due = []
  for (const target of targets) target.endTick()
}
