/** A bus on Redis whose ups and downs a test can wait for. */
import { randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import type { Test } from 'tap'
import type { Bus } from '../../../src/bus/bus.ts'
import { openRedisBus } from '../../../src/bus/redis.ts'
import { isEcho } from '../../contract/bus/suite.ts'
import { within } from '../deadline.ts'
import { addressOf } from './redis-server.ts'

const DEADLINE_MS = 30_000

/** A prefix of its own for each test. */
export const newPrefix = () => `confab-test-${randomBytes(6).toString('hex')}:`

/** A bus, and when it went up and down. */
export type WatchedBus = {
  bus: Bus
  changes: boolean[]
  warnings: string[]
  /** Waits until it is up, or down. */
  comes: (isUp: boolean) => Promise<void>
  /** Waits until it has logged so many warnings. */
  warns: (count: number) => Promise<void>
}

/** Opens a bus that is closed with the test. */
export async function openWatchedBus (t: Test, url: string, prefix = newPrefix()): Promise<WatchedBus> {
  const changes: boolean[] = []
  const warnings: string[] = []
  const news = new EventEmitter()
  const warn = (details: object, message: string) => {
    warnings.push(`${message} ${JSON.stringify(details)}`)
    news.emit('news')
  }
  const opening = openRedisBus({ address: addressOf(url), prefix, isEcho, log: { warn } })
  // Not waited for: a bus that does not open must not keep the test from ending.
  t.teardown(() => void opening.then((bus) => bus.close()))
  const bus = await within(opening, DEADLINE_MS, 'the bus to open')
  bus.onChange((isUp) => {
    changes.push(isUp)
    news.emit('news')
  })
  const until = async (what: string, isTrue: () => boolean) => {
    const end = AbortSignal.timeout(DEADLINE_MS)
    while (!isTrue())
      await once(news, 'news', { signal: end }).catch(() => {
        throw new Error(`Waited in vain for the bus to ${what}.`)
      })
  }
  return {
    bus,
    changes,
    warnings,
    comes: (isUp) => until(isUp ? 'come up' : 'go down', () => bus.isUp === isUp),
    warns: (count) => until(`warn ${String(count)} times`, () => warnings.length >= count)
  }
}
