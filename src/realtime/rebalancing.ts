/**
 * Moves sockets to replicas that have fewer: a new replica receives none by itself, since open sockets stay where they
 * are. Each replica announces its number of sockets to the others, and slowly closes some of those above the mean.
 */
import { randomUUID } from 'node:crypto'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { Bus } from '../bus/bus.ts'

const CHANNEL = 'replicas'
/** Announcements that may be lost before a replica counts as gone. */
const MISSED_ANNOUNCEMENTS = 3
/** Further replicas are ignored: other clients can write to a Redis. */
const MAX_REPLICAS = 1_000
/** Deviation from the mean that is left alone. */
const TOLERANCE = 0.05
const PERCENT = 100
const MS_PER_MINUTE = 60_000

const announcement = Compile(
  Type.Object({ replica: Type.String({ maxLength: 64 }), sockets: Type.Integer({ minimum: 0 }) })
)

/** Dependencies of the rebalancing. */
export type RebalancingOptions = {
  bus: Bus
  sockets: { readonly size: number, moveSome: (count: number) => void }
  /** Percentage of the sockets above the mean that is closed per minute. */
  percentPerMinute: number
  intervalMs: number
}

/** Starts at once. @returns a function that stops it */
export function startRebalancing ({ bus, sockets, percentPerMinute, intervalMs }: RebalancingOptions): () => void {
  const replica = randomUUID()
  const others = new Map<string, { sockets: number, until: number }>()
  /** A fraction of a socket that is due is carried over. */
  let owed = 0

  const hear = (payload: Buffer) => {
    const told = decode(payload)
    if (told === undefined || told.replica === replica || (others.size >= MAX_REPLICAS && !others.has(told.replica)))
      return
    others.set(told.replica, {
      sockets: told.sockets,
      until: performance.now() + (MISSED_ANNOUNCEMENTS + 0.5) * intervalMs
    })
  }

  const look = () => {
    bus.publish(CHANNEL, Buffer.from(JSON.stringify({ replica, sockets: sockets.size })))
    const now = performance.now()
    for (const [id, { until }] of others) if (until < now) others.delete(id)
    const mean = [...others.values()].reduce((sum, other) => sum + other.sockets, sockets.size) / (others.size + 1)
    const excess = sockets.size - mean
    if (excess <= Math.max(1, mean * TOLERANCE)) {
      owed = 0
      return
    }
    owed += (((excess * percentPerMinute) / PERCENT) * intervalMs) / MS_PER_MINUTE
    const due = Math.min(Math.floor(owed), Math.floor(excess))
    owed -= due
    if (due > 0) sockets.moveSome(due)
  }

  // If the bus is down now it subscribes later; until then there are no other replicas to compare with.
  bus.subscribe(CHANNEL, hear).catch(() => undefined)
  const timer = setInterval(look, intervalMs)
  return () => {
    clearInterval(timer)
    bus.unsubscribe(CHANNEL, hear)
  }
}

function decode (payload: Buffer): { replica: string, sockets: number } | undefined {
  try {
    const value: unknown = JSON.parse(payload.toString())
    return announcement.Check(value) ? value : undefined
  } catch {
    return undefined
  }
}
