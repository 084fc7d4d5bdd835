/** Time as the whole bench process sees it. */
import { setTimeout as delay } from 'node:timers/promises'

/** Microseconds of the monotonic clock, which all threads of a process share (`performance.now` starts per thread). */
export function microseconds (): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e6 + nanoseconds / 1e3
}

/** Waits until `done` answers true; throws after `timeoutMs`, so that nothing in the bench waits for ever. */
export async function until (what: string, timeoutMs: number, done: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!await done()) {
    if (performance.now() > deadline) throw new Error(`gave up after ${String(timeoutMs)} ms waiting for ${what}`)
    await delay(20)
  }
}
