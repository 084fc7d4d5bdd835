/** The numbers that users have here, by their ids in the file. */
import type { Orm } from '../../store/database.ts'
import { findByExternalIds } from '../../store/transfer/users.ts'
import { accountOfUserId } from '../accounts/user-id.ts'
import { ImportError } from './import-error.ts'

/** So many of the application's users are kept; they are looked up again when there are more. */
const MAX_KEPT = 200_000

/** What is known for the whole of an import. */
export class UserNumbers {
  /** Accounts and erased users: where they are follows from the file alone. */
  readonly #own = new Map<string, number>()
  readonly #others = new Map<string, number>()

  /** Keeps what a transaction has found out. */
  keep (numbers: ReadonlyMap<string, number>): void {
    if (this.#others.size > MAX_KEPT) this.#others.clear()
    for (const [id, number] of numbers) (accountOfUserId(id) === undefined ? this.#others : this.#own).set(id, number)
  }

  find (id: string): number | undefined {
    return this.#own.get(id) ?? this.#others.get(id)
  }
}

/** The numbers in a transaction: what it finds out is valid once it is committed. */
export class UserLookup {
  readonly #known: UserNumbers
  readonly found = new Map<string, number>()
  #line = 0

  constructor (known: UserNumbers) {
    this.#known = known
  }

  add (numbers: ReadonlyMap<string, number>): void {
    for (const [id, number] of numbers) this.found.set(id, number)
  }

  /** Looks up those of these users that are not known yet. */
  async resolve (tx: Orm, ids: Iterable<string>): Promise<void> {
    const missing = new Set<string>()
    for (const id of ids) if (this.find(id) === undefined && accountOfUserId(id) === undefined) missing.add(id)
    this.add(await findByExternalIds(tx, [...missing]))
  }

  /** Says at which line the next users are named. */
  at (line: number): void {
    this.#line = line
  }

  /** The number of a user; undefined for one that is not there. */
  find = (id: string): number | undefined => this.found.get(id) ?? this.#known.find(id)

  /** The number of a user. @throws {ImportError} when it is not there */
  require = (id: string): number => {
    const number = this.find(id)
    if (number === undefined)
      throw new ImportError(this.#line, `there is no user ${JSON.stringify(id)}: its record comes before this one`)
    return number
  }
}
