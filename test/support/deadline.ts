/** Deadlines: tests wait for events, never for a fixed time, and a missed deadline names the event. */
import { setTimeout as delay } from 'node:timers/promises'

/** Pause between two tries, in milliseconds: a test that waits leaves the processor to what it waits for. */
const PAUSE_MS = 10

/**
 * Waits for a promise.
 * @param what the event, for the error; a function is asked when it is late
 * @throws when it takes longer than the deadline
 */
export async function within<Value> (
  promise: Promise<Value>, deadlineMs: number, what: string | (() => string)
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const event = typeof what === 'string' ? what : what()
      reject(new Error(`Waited ${String(deadlineMs)} ms in vain for ${event}.`))
    }, deadlineMs)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/**
 * Repeats a question until its answer is right, for what becomes true on another replica by way of the bus. Each try
 * should be a round trip of its own. @param pauseMs between two tries, where their number is limited
 * @returns whether it became true before the deadline
 */
export async function eventually (
  isTrue: () => Promise<boolean>, deadlineMs = 10_000, pauseMs = PAUSE_MS
): Promise<boolean> {
  const end = Date.now() + deadlineMs
  do {
    if (await isTrue()) return true
    await delay(pauseMs)
  } while (Date.now() < end)
  return false
}
