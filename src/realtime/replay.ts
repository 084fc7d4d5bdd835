/**
 * Sends a socket the events that it missed, from the store: in pages, no faster than the socket reads, and without a
 * gap before live events.
 */
import { asChatError, ChatError } from '../domain/errors.ts'
import type { ChatEvent } from '../domain/events/event.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { ChatFeed } from './chat-feed.ts'
import type { ChatSubscription } from './connection.ts'
import type { ChatLog } from './feed-source.ts'
import type { Subscription } from './subscription.ts'

/** Events read at once. */
const PAGE = 200
/** Bytes written at once, whatever the number of events. */
const CHUNK_BYTES = 16_384

/** Dependencies of a replay. */
export type ReplayDeps = { log: Pick<ChatLog, 'membership' | 'readAs'>, metrics: Metrics }

/**
 * Brings a socket to the position of the feed and attaches it.
 * @param range the seq up to which the client has everything, and the one up to which the chat extends at least
 * @returns the seq up to which the socket has received everything
 * @throws {ChatError} `not_a_participant`, when the membership ends in the meantime
 */
export async function replay (
  deps: ReplayDeps,
  feed: ChatFeed,
  subscription: Subscription,
  { after, head }: { after: number, head: number }
): Promise<number> {
  const goalNow = () => Math.max(head, feed.nextSeq - 1)
  let [position, sent] = [after, 0]
  for (let goal = goalNow(); position < goal; goal = goalNow()) {
    const page = await deps.log.readAs(subscription.userId, subscription.chatId, position, PAGE)
    if (!subscription.isActive || (page.length === 0 && !(await isMember(deps, subscription)))) {
      end(feed, subscription)
      throw new ChatError('not_a_participant')
    }
    const shown = await writePage(subscription, page)
    deps.metrics.framesSent.add(subscription.codec.eventFrameType, shown)
    sent += shown
    const lastSeq = page.at(-1)?.seq ?? position
    // A page that is not full contains everything. Seqs up to a goal that was known before are permanently missing in
    // the store.
    position = page.length < PAGE ? Math.max(lastSeq, goal) : lastSeq
  }
  if (subscription.isActive) feed.attach(subscription, position + 1)
  else end(feed, subscription)
  deps.metrics.resumeMessages.observe(sent)
  return position
}

/** Whether the membership of a subscription continues: an empty page alone does not show that. */
async function isMember ({ log }: ReplayDeps, { userId, chatId, fromSeq }: Subscription): Promise<boolean> {
  try {
    return (await log.membership(userId, chatId)).fromSeq === fromSeq
  } catch (error) {
    if (asChatError(error).code === 'not_a_participant') return false
    throw error
  }
}

/** @returns number of events that were shown */
async function writePage (subscription: Subscription, page: readonly ChatEvent[]): Promise<number> {
  const { codec, connection } = subscription
  let [frames, size, shown]: [Buffer[], number, number] = [[], 0, 0]
  for (const [index, event] of page.entries()) {
    const frame = codec.encodeEvent(event)
    if (frame !== undefined) {
      frames.push(frame)
      size += frame.length
      shown++
    }
    if (size === 0 || (size < CHUNK_BYTES && index < page.length - 1)) continue
    subscription.write(Buffer.concat(frames, size))
    frames = []
    size = 0
    await connection.drained()
  }
  return shown
}

/** Ends a socket's subscription to a chat. */
export function end (feed: ChatFeed, subscription: ChatSubscription): void {
  feed.detach(subscription)
  subscription.end()
}
