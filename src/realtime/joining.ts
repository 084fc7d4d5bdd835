/**
 * Joins: how sockets come to follow chats that their clients name. The memberships of many chats are read in one
 * statement.
 */
import { asChatError, ChatError } from '../domain/errors.ts'
import type { Codec } from './codec.ts'
import type { Connection } from './connection.ts'
import type { ChatLog, ChatMembership } from './feed-source.ts'
import { replay, type ReplayDeps } from './replay.ts'
import { codecIn, type Room, type Rooms } from './rooms.ts'
import { endSubscription, type SubscribedMembership, Subscription } from './subscription.ts'

/** A membership that is read again is newer than one that was known before. */
const MEMBERSHIP_ATTEMPTS = 3

/** Dependencies of the joins. */
export type JoiningDeps = ReplayDeps & {
  rooms: Rooms
  log: ReplayDeps['log'] & Pick<ChatLog, 'membership' | 'memberships' | 'openChats'>
  /** The epoch of the data. */
  epoch: { readonly current: string }
}

/** A chat that a client asks for. */
export type JoinRequest = {
  readonly chatId: number
  /** What the client calls it. */
  readonly name?: string
  /** The seq up to which the client has everything. */
  readonly after?: number | undefined
  /** Instead of that, so many of the last events are replayed. Without either it is followed from now on. */
  readonly last?: number | undefined
  /** Whether it may be a chat of which the user is no member, if anybody may read it. */
  readonly mayVisit?: boolean
  /** Leaves a chat as it is that the socket follows already, whatever the position. */
  readonly isOnce?: boolean
}

/** Receives the outcome of a request: the seq up to which the socket has received everything, or an error. */
export type JoinListener = (request: JoinRequest, outcome: number | ChatError) => void

/** Joins of one socket at the same time. */
type JoinBatch = { connection: Connection, rooms: ReadonlyMap<number, Room>, tell: JoinListener }

/** A chat that is joined as soon as its events have been replayed. */
type Behind = { request: JoinRequest, room: Room, subscription: Subscription, after: number, head: number }

/** Makes sockets follow the chats that their clients name. */
export class Joining {
  readonly #deps: JoiningDeps

  constructor (deps: JoiningDeps) {
    this.#deps = deps
  }

  /**
   * Makes a socket follow chats, each of which is named once. An outcome is told before any live event of its chat,
   * and not to a socket that is closed meanwhile.
   */
  async join (connection: Connection, requests: readonly JoinRequest[], tell: JoinListener): Promise<void> {
    const rooms = new Map(requests.map(({ chatId }) => [chatId, this.#deps.rooms.open(chatId)]))
    for (const room of rooms.values()) room.joining++
    const batch = {
      connection,
      rooms,
      tell: (request: JoinRequest, outcome: number | ChatError) => {
        this.#count(request, outcome)
        tell(request, outcome)
      }
    }
    try {
      // Subscribe first, read the heads second: no event can fall in between.
      await Promise.all([...rooms.values()].flatMap(({ opened }) => opened ?? []))
      for (const behind of await this.#admitAll(batch, requests)) await this.#catchUp(batch, behind)
    } finally {
      for (const room of rooms.values()) {
        room.joining--
        this.#deps.rooms.releaseIfUnused(room)
      }
    }
  }

  /** The codec of a socket in a chat. */
  codecOf (
    { codec, principal: { userId } }: Connection,
    room: Room,
    { otherId, chosenId }: Pick<SubscribedMembership, 'otherId' | 'chosenId'>
  ): Codec {
    return codecIn(room, codec, { chatId: room.chatId, chosenId, otherId, userId, epoch: this.#deps.epoch.current })
  }

  /** Creates a subscription of a socket, which replaces the one that it has. The feed does not know it yet. */
  subscribe (room: Room, connection: Connection, membership: SubscribedMembership): Subscription {
    const current = connection.subscriptions.get(room.chatId)
    if (current !== undefined) endSubscription(room.feed, current)
    const subscription = new Subscription(connection, membership, this.codecOf(connection, room, membership))
    subscription.isFollowed = current?.isFollowed === true
    subscription.isJoined = current?.isJoined === true
    connection.subscriptions.set(room.chatId, subscription)
    room.type = membership.type
    if (membership.chosenId !== null) this.#deps.rooms.name(room, membership.chosenId)
    return subscription
  }

  #count ({ after }: JoinRequest, outcome: number | ChatError): void {
    if (after === undefined) return
    const { code } = outcome instanceof ChatError ? outcome : { code: 'ok' as const }
    this.#deps.metrics.resumes.add(
      code === 'ok' || code === 'position_unknown' || code === 'not_a_participant' ? code : 'failed'
    )
  }

  /** @returns the chats whose events are to be replayed first */
  async #admitAll (batch: JoinBatch, requests: readonly JoinRequest[]): Promise<Behind[]> {
    const behind: Behind[] = []
    let due = requests
    for (let attempt = 0; due.length > 0; attempt++) {
      const stale: JoinRequest[] = []
      const memberships = await this.#readMemberships(batch.connection, due)
      for (const request of due) {
        const room = batch.rooms.get(request.chatId)
        const membership = memberships instanceof ChatError ? memberships : memberships.get(request.chatId)
        if (room === undefined || membership === undefined) batch.tell(request, new ChatError('not_a_participant'))
        else if (membership instanceof ChatError) batch.tell(request, membership)
        // An older answer must not admit a member who was removed while it was being read.
        else if (!isCurrent(room, membership)) stale.push(request)
        else behind.push(...this.#admit(batch, room, membership, request))
      }
      due = stale
      if (attempt < MEMBERSHIP_ATTEMPTS) continue
      // The store knows less than it returned before: it has gone back in time, and all clients are about to start
      // over.
      for (const request of due) batch.tell(request, new ChatError('unavailable'))
      due = []
    }
    return behind
  }

  async #readMemberships (
    { principal: { userId } }: Connection,
    requests: readonly JoinRequest[]
  ): Promise<ReadonlyMap<number, ChatMembership> | ChatError> {
    const { log, reads } = this.#deps
    try {
      return await reads.run(userId, async () => {
        const memberships = await this.#readOwn(userId, requests)
        const found = new Map(memberships.map((membership) => [membership.chatId, membership]))
        const others = requests.filter(({ chatId, mayVisit }) => mayVisit === true && !found.has(chatId))
        for (const chat of others.length === 0 ? [] : await log.openChats(others.map(({ chatId }) => chatId)))
          found.set(chat.chatId, { ...chat, fromSeq: 0, otherId: null, hasHidden: false, isVisitor: true })
        return found
      })
    } catch (error) {
      return asChatError(error)
    }
  }

  async #readOwn (userId: number, requests: readonly JoinRequest[]): Promise<ChatMembership[]> {
    const { log } = this.#deps
    const [only] = requests
    if (only === undefined || requests.length > 1)
      return log.memberships(userId, requests.map(({ chatId }) => chatId))
    try {
      return [await log.membership(userId, only.chatId)]
    } catch (error) {
      if (asChatError(error).code === 'not_a_participant') return []
      throw error
    }
  }

  /** @returns the chat if its events are to be replayed first */
  #admit (batch: JoinBatch, room: Room, membership: ChatMembership, request: JoinRequest): Behind[] {
    const { connection, tell } = batch
    const { lastSeq, fromSeq } = membership
    const current = connection.subscriptions.get(room.chatId)
    if (!connection.isOpen) return []
    const refusal = refusalOf(connection, membership, request)
    if (refusal !== undefined) {
      tell(request, refusal)
      return []
    }
    const after = request.last === undefined ? request.after : Math.max(0, lastSeq - request.last)
    // A socket that already follows the chat loses nothing by joining again.
    if (current?.fromSeq === fromSeq && (after === undefined || (request.isOnce === true && current.isJoined))) {
      current.isJoined = true
      if (membership.isVisitor !== true) current.admitted()
      tell(request, room.feed.positionOf(current))
      return []
    }
    const subscription = this.subscribe(room, connection, membership)
    subscription.isJoined = true
    room.feed.addReplaying(subscription)
    if (after !== undefined) return [{ request, room, subscription, after, head: lastSeq }]
    const startSeq = Math.max(lastSeq + 1, room.feed.nextSeq)
    tell(request, startSeq - 1)
    room.feed.attach(subscription, startSeq)
    return []
  }

  async #catchUp ({ tell }: JoinBatch, { request, room, subscription, after, head }: Behind): Promise<void> {
    try {
      const reached = (position: number) => tell(request, position)
      await replay(this.#deps, room.feed, subscription, { after, head, reached })
    } catch (error) {
      endSubscription(room.feed, subscription)
      if (!subscription.isEndShown) tell(request, asChatError(error))
    }
  }
}

/** Notes the head that was read with a membership. @returns whether the membership is as new as the feed's */
function isCurrent ({ feed }: Room, { lastSeq, membersVersion }: ChatMembership): boolean {
  feed.observeHead(lastSeq, membersVersion, 'join')
  return membersVersion >= feed.membersVersion
}

function refusalOf (connection: Connection, { chatId, lastSeq }: ChatMembership, { after = 0 }: JoinRequest) {
  if (connection.subscriptions.get(chatId)?.isJoined !== true && !connection.mayJoinMore)
    return new ChatError('too_many_chats')
  return after > lastSeq ? new ChatError('position_unknown') : undefined
}
