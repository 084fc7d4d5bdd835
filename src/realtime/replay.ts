/**
 * What a socket missed, from the store: a page at a time, no faster than it reads, and without a hole before what is
 * live.
 */
import { ChatError } from '../domain/errors.ts'
import type { Message } from '../domain/events/message.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { ChatFeed } from './chat-feed.ts'
import type { ChatSubscription } from './connection.ts'
import type { Subscription } from './subscription.ts'

/** Messages read at once. */
const PAGE = 200
/** Bytes written at once, however many messages they are. */
const CHUNK_BYTES = 16_384

/** What a replay needs from around it. */
export type ReplayDeps = {
  log: {
    /** Messages of a chat with `after < seq`, oldest first; empty for anybody who is not a participant. */
    readAs: (userId: number, chatId: number, after: number, limit: number) => Promise<Message[]>
  }
  encode: (message: Message) => Buffer
  metrics: Metrics
}

/**
 * Brings a socket up to the feed and lets it go on live.
 * @param range the seq it has everything up to, and the one to which the chat goes at least
 * @returns the seq up to which it was brought
 * @throws {ChatError} `not_a_participant`, when the membership ends meanwhile
 */
export async function replay (
  deps: ReplayDeps,
  feed: ChatFeed,
  subscription: Subscription,
  { after, head }: { after: number, head: number }
): Promise<number> {
  let position = after
  while (position < head || position + 1 < feed.nextSeq) {
    const page = await deps.log.readAs(subscription.userId, subscription.chatId, position, PAGE)
    const last = page.at(-1)
    if (last === undefined || !subscription.isActive) {
      end(feed, subscription)
      throw new ChatError('not_a_participant')
    }
    await writePage(deps, subscription, page)
    deps.metrics.framesSent.add('new_message', page.length)
    position = last.seq
  }
  if (subscription.isActive) feed.attach(subscription, position + 1)
  else end(feed, subscription)
  deps.metrics.resumeMessages.observe(position - after)
  return position
}

async function writePage ({ encode }: ReplayDeps, subscription: Subscription, page: readonly Message[]): Promise<void> {
  let [frames, size]: [Buffer[], number] = [[], 0]
  for (const [index, message] of page.entries()) {
    const frame = encode(message)
    frames.push(frame)
    size += frame.length
    if (size < CHUNK_BYTES && index < page.length - 1) continue
    subscription.write(Buffer.concat(frames, size))
    frames = []
    size = 0
    await subscription.connection.drained()
  }
}

/** Ends a socket's place in a chat. */
export function end (feed: ChatFeed, subscription: ChatSubscription): void {
  feed.detach(subscription)
  subscription.end()
}
