/**
 * Sends a socket the events that it missed, from the store: in pages, no faster than the socket reads, and without a
 * gap before live events. Pages are read in turns of the users and at a rate per user, so that long replays are slow
 * and nothing else is.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { asChatError, ChatError } from '../domain/errors.ts'
import type { ChatEvent } from '../domain/events/event.ts'
import { targetOf } from '../domain/events/reading.ts'
import type { FairQueue } from '../lib/fair-queue.ts'
import type { Paces } from '../lib/paces.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import { frameFor } from './audience.ts'
import type { ChatFeed } from './chat-feed.ts'
import type { ChatLog } from './feed-source.ts'
import { endSubscription, type Subscription } from './subscription.ts'

/** Events read first, which is all that most clients have missed; and fewest and most events read at once later. */
const [FIRST_PAGE, MIN_PAGE, MAX_PAGE] = [64, 8, 200]
/** Approximate size of a later page: its events stay in memory until the socket has read them. */
const PAGE_BYTES = 65_536
/** An event counts once more towards the rate of its user for every so many bytes. */
const BYTES_PER_TOKEN = 1_024
/** Bytes written at once, whatever the number of events. */
const CHUNK_BYTES = 16_384

const NONE: ReadonlySet<number> = new Set()

/** Dependencies of a replay. */
export type ReplayDeps = {
  log: Pick<ChatLog, 'membership' | 'openChats' | 'read' | 'readAs' | 'hiddenAmong'>
  /** The turns of users in reading for joins. */
  reads: FairQueue
  /** The rate of replayed events of each user, if it is limited. */
  replayPaces?: Paces | undefined
  metrics: Metrics
}

/** What is replayed. */
export type ReplayRange = {
  /** The seq up to which the client has everything. */
  after: number
  /** The seq up to which the chat extends at least. */
  head: number
  /** Called when the client has got everything, before any live event, with the seq that it is at. */
  reached?: ((position: number) => void) | undefined
}

/**
 * Brings a socket to the position of the feed and attaches it.
 * @returns the seq up to which the socket has received everything
 * @throws {ChatError} `not_a_participant`, when the membership ends in the meantime
 */
export async function replay (
  deps: ReplayDeps,
  feed: ChatFeed,
  subscription: Subscription,
  { after, head, reached }: ReplayRange
): Promise<number> {
  const { userId } = subscription
  const goalNow = () => Math.max(head, feed.nextSeq - 1)
  let [position, sent, limit] = [await replayPlaces(deps, subscription, after), 0, FIRST_PAGE]
  for (let goal = goalNow(); position < goal; goal = goalNow()) {
    const waitMs = deps.replayPaces?.take(userId, 0) ?? 0
    if (waitMs > 0) await sleep(waitMs, undefined, { ref: false })
    const page = await deps.reads.run(userId, () => readPage(deps.log, subscription, position, limit))
    if (!subscription.isActive || (page.length === 0 && !(await maySee(deps.log, subscription)))) {
      endSubscription(feed, subscription)
      throw new ChatError('not_a_participant')
    }
    const { shown, bytes } = await writePage(subscription, page, await hiddenIn(deps, subscription, page))
    deps.metrics.framesSent.add(subscription.codec.eventFrameType, shown)
    deps.replayPaces?.take(userId, page.length + bytes / BYTES_PER_TOKEN)
    sent += shown
    const lastSeq = page.at(-1)?.seq ?? position
    // A page that is not full contains everything. Seqs up to a goal that was known before are permanently missing in
    // the store.
    position = page.length < limit ? Math.max(lastSeq, goal) : lastSeq
    limit = Math.min(Math.max(Math.floor(PAGE_BYTES * page.length / (bytes + 1)), MIN_PAGE), MAX_PAGE)
  }
  if (subscription.isActive) {
    reached?.(position)
    feed.attach(subscription, position + 1)
  } else endSubscription(feed, subscription)
  deps.metrics.resumeMessages.observe(sent)
  return position
}

/**
 * Sends the places of the events that are not visible to the membership, if the codec shows them. They have no content,
 * so it does not matter whether the membership goes on.
 * @returns the position behind them
 */
async function replayPlaces (deps: ReplayDeps, subscription: Subscription, after: number): Promise<number> {
  const { chatId, userId, fromSeq, codec: { encodePlace, eventFrameType }, connection } = subscription
  if (encodePlace === undefined) return Math.max(after, fromSeq)
  let position = after
  while (position < fromSeq && subscription.isActive) {
    const waitMs = deps.replayPaces?.take(userId, 0) ?? 0
    if (waitMs > 0) await sleep(waitMs, undefined, { ref: false })
    const page = await deps.reads.run(userId, () => deps.log.read(chatId, position, MAX_PAGE))
    const hidden = page.filter(({ seq }) => seq <= fromSeq)
    subscription.write(Buffer.concat(hidden.map(encodePlace)))
    deps.metrics.framesSent.add(eventFrameType, hidden.length)
    deps.replayPaces?.take(userId, hidden.length)
    await connection.drained()
    position = hidden.length < MAX_PAGE ? fromSeq : hidden.at(-1)?.seq ?? fromSeq
  }
  return Math.max(position, after)
}

/** Events after a position, as the user may see them; none when they may see none. */
async function readPage (
  log: ReplayDeps['log'],
  { chatId, userId, isVisitor }: Subscription,
  position: number,
  limit: number
): Promise<ChatEvent[]> {
  if (!isVisitor) return log.readAs(userId, chatId, position, limit)
  const page = await log.read(chatId, position, limit)
  // Asked last: what was posted since the chat was closed to visitors is not for them.
  return (await log.openChats([chatId])).length > 0 ? page : []
}

/** Whether a subscription continues: an empty page alone does not show that. */
async function maySee (
  log: ReplayDeps['log'], { userId, chatId, fromSeq, isVisitor }: Subscription
): Promise<boolean> {
  if (isVisitor) return (await log.openChats([chatId])).length > 0
  try {
    return (await log.membership(userId, chatId)).fromSeq === fromSeq
  } catch (error) {
    if (asChatError(error).code === 'not_a_participant') return false
    throw error
  }
}

/** The messages of a page whose content is not for the member: they have deleted them for themself. */
async function hiddenIn (
  { log, reads }: ReplayDeps,
  { chatId, userId, mayHide }: Subscription,
  page: readonly ChatEvent[]
): Promise<ReadonlySet<number>> {
  if (!mayHide) return NONE
  const targets = page.flatMap((event) => targetOf(event) ?? [])
  return new Set(await reads.run(userId, () => log.hiddenAmong(userId, chatId, targets)))
}

/** @returns number of events that were shown, and of the bytes of their frames */
async function writePage (
  subscription: Subscription,
  page: readonly ChatEvent[],
  hidden: ReadonlySet<number>
): Promise<{ shown: number, bytes: number }> {
  const { codec, connection } = subscription
  let [frames, size, shown, bytes]: [Buffer[], number, number, number] = [[], 0, 0, 0]
  for (const [index, event] of page.entries()) {
    const isHidden = hidden.has(targetOf(event) ?? 0)
    const frame = isHidden ? codec.encodePlace?.(event) : frameFor(subscription, event)
    if (frame !== undefined) {
      frames.push(frame)
      size += frame.length
      bytes += frame.length
      shown++
    }
    if (size === 0 || (size < CHUNK_BYTES && index < page.length - 1)) continue
    subscription.write(Buffer.concat(frames, size))
    frames = []
    size = 0
    await connection.drained()
  }
  return { shown, bytes }
}
