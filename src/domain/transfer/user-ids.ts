/** The ids that users have in an export, by their numbers. */
import type { Orm } from '../../store/database.ts'
import { findUserNames } from '../../store/transfer/export-users.ts'
import { accountUserId } from '../accounts/user-id.ts'

/** So many are kept; they are looked up again when there are more. */
const MAX_KEPT = 100_000

/** Looks ids up. Those of an erased user are in the form of an account: its own id is not kept. */
export class UserIds {
  readonly #orm: Orm
  readonly #ids = new Map<number, string>()

  constructor (orm: Orm) {
    this.#orm = orm
  }

  /** Looks up those that are not known. To be called before {@link UserIds.of} for all that it is asked for. */
  async load (userIds: Iterable<number | null>): Promise<void> {
    if (this.#ids.size > MAX_KEPT) this.#ids.clear()
    const missing = new Set<number>()
    for (const userId of userIds) if (userId !== null && !this.#ids.has(userId)) missing.add(userId)
    if (missing.size === 0) return
    for (const { userId, externalId } of await findUserNames(this.#orm, [...missing]))
      this.#ids.set(userId, externalId ?? accountUserId(userId))
  }

  /** The id of a user. */
  of = (userId: number): string => this.#ids.get(userId) ?? accountUserId(userId)

  /** The id of a user, if there is one. */
  ofNullable = (userId: number | null): string | undefined => userId === null ? undefined : this.of(userId)
}
