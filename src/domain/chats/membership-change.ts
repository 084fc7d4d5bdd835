/** One change of a chat or of its members: what it stores, and the events that tell of it. */
import { findBanned } from '../../store/bans.ts'
import type { LockedHead } from '../../store/chats.ts'
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/members.ts'
import type { ChatChanged, ChatEvent, ChatState, MemberDetails, MembershipChanged } from '../events/event.ts'
import type { CommittedEvents } from '../events/event-writer.ts'
import { ChatError } from '../errors.ts'
import { recordAudit } from '../moderation/audit.ts'
import { auditActorOf, type Caller, type Joining, type MemberUser } from './caller.ts'

/** The event of a change, before it has a place. */
type EventParts =
  | { kind: MembershipChanged['kind'] | 'member.updated', user: Joining, details: MemberDetails }
  | { kind: ChatChanged['kind'], name: string, chat?: ChatState }

/** How a change is stored. */
export type ChangeRules = {
  /** Whether events may be stored: otherwise the members change without a place in the log. */
  hasEvents: boolean
  /** Number of members of a chat up to which all of them are told who comes and goes. */
  memberEventsMax: number
}

/** One transaction that changes a locked chat, or its members. */
export class MembershipChange {
  readonly #tx: Orm
  readonly #rules: ChangeRules
  readonly #caller: Caller
  readonly #users = new Set<number>()
  readonly #events: ChatEvent[] = []
  #head: LockedHead
  #isGone = false

  constructor (tx: Orm, head: LockedHead, caller: Caller, rules: ChangeRules) {
    this.#tx = tx
    this.#head = head
    this.#caller = caller
    this.#rules = rules
  }

  /**
   * Adds users who are no members.
   * @param fromSeq they see the events after it; by default those from now on
   * @returns their memberships
   * @throws {ChatError} `banned` when one of them is
   */
  async add (users: readonly Joining[], fromSeq = this.#head.lastSeq): Promise<MemberDetails> {
    const banned = await findBanned(this.#tx, this.#head.chatId, users.map(({ userId }) => userId))
    if (banned.size > 0) throw new ChatError('banned')
    const actorId = this.#caller.user?.userId ?? null
    const joinedAt = await store.insertMembers(
      this.#tx,
      this.#head.chatId,
      users.map(({ userId, role }) => ({ userId, role, addedBy: userId === actorId ? null : actorId })),
      fromSeq
    )
    const memberCount = store.countAfter(this.#head, users.length)
    const details = this.#detailsOf({ joinedAt: joinedAt ?? new Date(), data: null }, memberCount)
    await this.#changeMembers(
      users.map((user) => ({ kind: user.userId === actorId ? 'member.joined' : 'member.added', user, details })),
      users.length
    )
    return details
  }

  /** Removes users; those who are no members are passed over. @returns what those were who were members */
  async remove (users: readonly MemberUser[]): Promise<ReadonlyMap<number, store.MemberState>> {
    const { user } = this.#caller
    const userIds = users.map(({ userId }) => userId)
    const gone = await store.deleteMembers(this.#tx, this.#head.chatId, userIds, user?.userId ?? null)
    const memberCount = store.countAfter(this.#head, -gone.size)
    const leaving = users.flatMap((one) => {
      const state = gone.get(one.userId)
      return state === undefined
        ? []
        : [{
            kind: one.userId === user?.userId ? 'member.left' as const : 'member.removed' as const,
            user: { ...one, role: state.role },
            details: this.#detailsOf(state, memberCount)
          }]
    })
    if (leaving.length > 0) await this.#changeMembers(leaving, -leaving.length)
    for (const { kind, user: { userId, role } } of leaving)
      if (kind === 'member.removed') await this.audit(kind, { userId, data: { role } })
    return gone
  }

  /** Records in the audit log what the caller does with the chat. */
  async audit (action: string, entry: { userId?: number, data?: Record<string, unknown> } = {}): Promise<void> {
    await recordAudit(this.#tx, auditActorOf(this.#caller), { action, chat: this.#head.chatId, ...entry })
  }

  /** Notes that the chat was made, or has other settings. */
  async note (parts: ChatParts): Promise<void> {
    if (this.#rules.hasEvents) await this.#append([parts])
  }

  /** Notes that a member has another role or other data. @param before the role that the caller has changed */
  async noteMember (
    user: Joining, state: Pick<store.MemberState, 'joinedAt' | 'data'>, before = user.role
  ): Promise<void> {
    const { userId, role } = user
    if (before !== role) await this.audit('member.role_changed', { userId, data: { from: before, to: role } })
    if (!this.#rules.hasEvents) return
    // It is in the feed of the member, too.
    this.#users.add(user.userId)
    await this.#append([{ kind: 'member.updated', user, details: this.#detailsOf(state, this.#head.memberCount) }])
  }

  /** Notes that the chat is deleted in this transaction. @param users who were its members */
  end (users: readonly number[] = []): void {
    this.#isGone = true
    for (const userId of users) this.#users.add(userId)
  }

  /** The chat. */
  get chatId (): number {
    return this.#head.chatId
  }

  /** The head of the chat after the events so far. */
  get head (): LockedHead {
    return this.#head
  }

  /** The events of the change, to be published after the commit; undefined when there are none. */
  get committed (): CommittedEvents | undefined {
    const { chatId, lastSeq, membersVersion } = this.#head
    return this.#isGone || this.#events.length === 0
      ? undefined
      : { chatId, lastSeq, membersVersion, events: this.#events }
  }

  /** The seq of the last event; null when there is none. */
  get seq (): number | null {
    return this.#isGone ? null : this.#events.at(-1)?.seq ?? null
  }

  /** Whether other replicas learn of the change by its version alone. */
  get isSilent (): boolean {
    return this.#isGone || (this.#users.size > 0 && this.#events.length === 0)
  }

  /** The users whose list of chats has changed. */
  get users (): readonly number[] {
    return [...this.#users]
  }

  async #changeMembers (
    changes: readonly { kind: MembershipChanged['kind'], user: Joining, details: MemberDetails }[],
    added: number
  ): Promise<void> {
    for (const { user } of changes) this.#users.add(user.userId)
    if (this.#rules.hasEvents) await this.#append(changes, added)
    else this.#head = await store.advanceMembersVersion(this.#tx, this.#head, added)
  }

  #detailsOf (
    { joinedAt, data }: Pick<store.MemberState, 'joinedAt' | 'data'>,
    memberCount: number | null
  ): MemberDetails {
    const isCounted = (memberCount ?? 0) > this.#rules.memberEventsMax
    return { joinedAt: joinedAt.toISOString(), data: data ?? {}, memberCount, ...(isCounted && { isCounted }) }
  }

  async #append (parts: readonly EventParts[], added = 0): Promise<void> {
    const { chatId, lastSeq } = this.#head
    let { membersVersion } = this.#head
    const { user, keyId } = this.#caller
    const actorId = user?.userId ?? null
    const rows = parts.map((part) => {
      const isMembership = isOfMembership(part)
      if (isMembership) membersVersion++
      const data = { ...dataOf(part, membersVersion), ...(keyId !== null && { key: keyId }) }
      return { kind: part.kind, actorId, isMembership, data, membersVersion }
    })
    const memberCount = store.countAfter(this.#head, added)
    const at = await store.appendEvents(this.#tx, this.#head, rows, memberCount)
    for (const [index, part] of parts.entries()) {
      const cause = { actorId, actorName: user?.username, keyId: keyId ?? undefined }
      const entry = { chatId, seq: lastSeq + 1 + index, at, ...cause }
      const version = rows[index]?.membersVersion ?? membersVersion
      if (isOfChat(part)) this.#events.push({ ...entry, ...part })
      else {
        const member = { ...entry, ...part.user, details: part.details }
        this.#events.push(part.kind === 'member.updated'
          ? { ...member, kind: part.kind }
          : { ...member, kind: part.kind, membersVersion: version })
      }
    }
    this.#head = { chatId, lastSeq: lastSeq + parts.length, membersVersion, memberCount }
  }
}

type ChatParts = Extract<EventParts, { name: string }>

function isOfChat (part: EventParts): part is ChatParts {
  return 'name' in part
}

function isOfMembership (part: EventParts): boolean {
  return !isOfChat(part) && part.kind !== 'member.updated'
}

/** What is stored of an event beside its columns. */
function dataOf (part: EventParts, membersVersion: number): Record<string, unknown> {
  if (isOfChat(part)) return { name: part.name, chat: part.chat }
  const { user: { userId, role }, details } = part
  return { userId, role, details, ...(isOfMembership(part) && { membersVersion }) }
}
