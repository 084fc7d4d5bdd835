/** Who may know whether a user is online: those who share a chat with the user, unless the user does not want it. */
import type { Orm } from '../../store/database.ts'
import { listVisible } from '../../store/presence-settings.ts'
import { isShared, share } from '../../store/sharing.ts'
import type { Principal } from './principal.ts'

/** Called after the commit with a user who has changed who may know. It must not throw. */
export type RightsListener = (userId: number) => void

/** The settings of all users. */
export class PresenceSettings {
  readonly #orm: Orm
  readonly #listeners: RightsListener[] = []

  constructor (orm: Orm) {
    this.#orm = orm
  }

  /** Calls `listener` with each user who has changed who may know. */
  onChanged (listener: RightsListener): void {
    this.#listeners.push(listener)
  }

  /** Returns those of these users of whom a user may know whether they are online. Everybody may know of themself. */
  async visibleTo (
    { userId, chats }: Pick<Principal, 'userId' | 'chats'>, userIds: readonly number[]
  ): Promise<ReadonlySet<number>> {
    const others = userIds.filter((other) => other !== userId)
    const visible = others.length === 0
      ? []
      : await listVisible(this.#orm, userId, { userIds: others, seen: chats?.seen })
    return new Set(others.length < userIds.length ? [...visible, userId] : visible)
  }

  /** Whether others may know it of a user. */
  async isShared (userId: number): Promise<boolean> {
    return isShared(this.#orm, 'presence', userId)
  }

  /** Sets whether others may know it of a user. */
  async share (userId: number, isWanted: boolean): Promise<void> {
    await share(this.#orm, 'presence', userId, isWanted)
    this.announce(userId)
  }

  /** Tells that a user has changed who may know. To be called after the commit. */
  announce (userId: number): void {
    for (const listener of this.#listeners) listener(userId)
  }
}
