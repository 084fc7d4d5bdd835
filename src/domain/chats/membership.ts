/** Runs changes of chats and of their members: each is stored with its events, and published after the commit. */
import type { Bus } from '../../bus/bus.ts'
import { findHeads } from '../../store/chats.ts'
import type { Orm } from '../../store/database.ts'
import type { AfterCommit, UnitOfWork } from '../../store/unit-of-work.ts'
import type { CommitListener } from '../events/event-writer.ts'
import type { Features } from '../features.ts'
import { publishInvalidation } from '../invalidations.ts'
import type { ChangeRules, MembershipChange } from './membership-change.ts'

/** Called after the commit of a change with the users whose list of chats it has changed. It must not throw. */
export type ListsListener = (userIds: readonly number[]) => void

/** Dependencies of the changes. */
export type MembershipDeps = {
  orm: Orm
  afterCommit: AfterCommit
  bus: Bus
  features: Features
  /** See {@link ChangeRules}. */
  memberEventsMax: number
}

/** Runs changes of members, and tells those who follow chats and lists. */
export class Memberships {
  readonly #deps: MembershipDeps
  #commitListeners: CommitListener[] = []
  #listsListeners: ListsListener[] = []

  constructor (deps: MembershipDeps) {
    this.#deps = deps
  }

  /** The same in a unit: its listeners are called after the commit. */
  within (unit: UnitOfWork): Memberships {
    const inner = new Memberships({ ...this.#deps, ...unit })
    inner.#commitListeners = this.#commitListeners
    inner.#listsListeners = this.#listsListeners
    return inner
  }

  onCommitted (listener: CommitListener): void {
    this.#commitListeners.push(listener)
  }

  onListsChanged (listener: ListsListener): void {
    this.#listsListeners.push(listener)
  }

  /**
   * Runs a transaction that may change the members of one chat.
   * @param work returns its result and the change, or undefined when nothing was changed
   */
  async run<Result> (
    work: (tx: Orm, rules: ChangeRules) => Promise<{ result: Result, change: MembershipChange | undefined }>
  ): Promise<Result> {
    const { orm, features, memberEventsMax, afterCommit } = this.#deps
    const rules = { hasEvents: await features.hasEvents(), memberEventsMax }
    const { result, change } = await orm.transaction((tx) => work(tx, rules))
    if (change !== undefined) await afterCommit(() => this.#announce(change))
    return result
  }

  /** Tells the replicas that chats of a type are no longer for anybody. */
  announceClosed (chatType: string): void {
    void this.#deps.afterCommit(() => publishInvalidation(this.#deps.bus, { type: 'chats_closed', chatType }))
  }

  /** Tells the replicas that the lists of chats of some users have changed. */
  announceLists (userIds: readonly number[]): void {
    if (userIds.length === 0) return
    void this.#deps.afterCommit(() => {
      for (const listener of this.#listsListeners) listener(userIds)
    })
  }

  async #announce (change: MembershipChange): Promise<void> {
    const { committed, isSilent, users } = change
    if (committed !== undefined) for (const listener of this.#commitListeners) listener(committed)
    if (isSilent) await this.#announceVersion(change)
    this.announceLists(users)
  }

  /** A deleted chat is announced with a version higher than any other. */
  async #announceVersion ({ chatId }: MembershipChange): Promise<void> {
    const { orm, bus } = this.#deps
    const [head] = await findHeads(orm, [chatId])
    publishInvalidation(bus, {
      type: 'members_changed',
      chatId,
      membersVersion: head?.membersVersion ?? Number.MAX_SAFE_INTEGER
    })
  }
}
