/** Brings users: those of the application by their ids, accounts by their names. */
import { createHash, randomBytes } from 'node:crypto'
import type { Orm } from '../../store/database.ts'
import { numberAccounts } from '../../store/directory.ts'
import { findRetired } from '../../store/owner-changes.ts'
import * as store from '../../store/transfer/users.ts'
import { accountOfUserId } from '../accounts/user-id.ts'
import { ImportError } from './import-error.ts'
import { settingsRowOf } from './notifications.ts'
import type { Line } from './numbering.ts'
import type { UserRecord } from './records.ts'

/** What became of users. */
export type ImportedUsers = {
  /** The numbers of all, by the ids in the file. */
  numbers: Map<string, number>
  /** How many were made, and how many were there before. */
  made: number
  found: number
}

type UserLine = Line<UserRecord>

/**
 * Makes the users that are not there yet. A user of the application is found by its id, an account by its username and
 * its address; its number is kept if it is free. Users that are there stay as they are.
 * @param importId the import: erased users have no name by which another run could find them
 * @throws {ImportError} when a user was erased here, or a name or an address belongs to another account
 */
export async function ensureUsers (tx: Orm, lines: readonly UserLine[], importId: string): Promise<ImportedUsers> {
  const result: ImportedUsers = { numbers: new Map(), made: 0, found: 0 }
  // Users get their numbers in the order of the file: so those that had one find it free in an empty installation.
  for (const run of runsOf(lines)) {
    const isOfApplication = run[0] !== undefined && accountOfUserId(run[0].record.id) === undefined
    if (isOfApplication) await ensureOfApplication(tx, run, result)
    else {
      await ensureErased(tx, run.filter(({ record }) => record.erased_at !== undefined), importId, result)
      await ensureAccounts(tx, run.filter(({ record }) => record.erased_at === undefined), result)
    }
  }
  return result
}

/** Parts of a list that are users of the application, or are not. */
function runsOf (lines: readonly UserLine[]): UserLine[][] {
  const runs: UserLine[][] = []
  let isLast: boolean | undefined
  for (const line of lines) {
    const isOwn = accountOfUserId(line.record.id) !== undefined
    if (isOwn !== isLast) runs.push([])
    runs.at(-1)?.push(line)
    isLast = isOwn
  }
  return runs
}

async function ensureOfApplication (tx: Orm, lines: readonly UserLine[], result: ImportedUsers): Promise<void> {
  const ids = lines.map(({ record }) => record.id)
  const known = await store.findByExternalIds(tx, ids)
  const missing = uniqueBy(lines.filter(({ record }) => !known.has(record.id)), ({ record }) => record.id)
  const retired = await findRetired(tx, { externalIds: missing.map(({ record }) => record.id), usernames: [] })
  const erased = missing.find(({ record }) => retired.includes(record.id))
  if (erased !== undefined) {
    throw new ImportError(
      erased.line, `the user ${JSON.stringify(erased.record.id)} was erased here, and the id is not given out again`
    )
  }
  const keyOf = (id: string) => `U~${id}`
  const made = await store.insertUsers(tx, missing.map(({ record }) => ({
    username: `~${record.id}`,
    username_key: keyOf(record.id),
    display_name: record.name ?? record.id,
    email: '',
    email_key: keyOf(record.id),
    password_hash: '',
    created_at: record.created_at,
    suspended_at: record.suspended_at
  })))
  const added = missing.flatMap((one) => {
    const userId = made.get(keyOf(one.record.id))
    return userId === undefined ? [] : [{ ...one, userId }]
  })
  await store.insertProfiles(tx, {
    ofApplication: added.map(({ userId, record }) => ({
      user_id: userId,
      external_id: record.id,
      avatar: record.avatar,
      data: record.data ?? {},
      version: record.version ?? 1,
      claimed_name: record.claimed_name,
      claimed_avatar: record.claimed_avatar,
      tokens_revoked_at: record.tokens_revoked_at
    })),
    ofAccounts: []
  })
  await addSettings(tx, added)
  // Another process may have added some of them meanwhile.
  for (const [id, userId] of await store.findByExternalIds(tx, ids)) result.numbers.set(id, userId)
  result.made += added.length
  result.found += lines.length - added.length
}

type AccountLine = UserLine & {
  account: NonNullable<UserRecord['account']>
  number: number
  usernameKey: string
  emailKey: string
}

async function ensureAccounts (tx: Orm, lines: readonly UserLine[], result: ImportedUsers): Promise<void> {
  const accounts = lines.flatMap(({ line, record }): AccountLine[] => record.account === undefined
    ? []
    : [{
        line,
        record,
        account: record.account,
        number: accountOfUserId(record.id) ?? 0,
        usernameKey: record.account.username.toLowerCase(),
        emailKey: record.account.email.toLowerCase()
      }])
  if (accounts.length === 0) return
  const missing = await findMissing(tx, accounts, result.numbers)
  result.found += accounts.length - missing.length
  result.made += missing.length
  const taken = await store.findTaken(tx, missing.map(({ number }) => number))
  const free = missing.map(({ number }) => number).filter((number) => !taken.has(number))
  if (free.length > 0) await store.reserveUserNumbers(tx, Math.max(...free))
  const made = await store.insertUsers(tx, missing.map((one) => rowOf(one, !taken.has(one.number))))
  const added = missing.map(({ line, record, usernameKey }) => {
    const userId = made.get(usernameKey)
    if (userId === undefined)
      throw new ImportError(line, `the name of ${record.id} was taken in this moment: run it again`)
    result.numbers.set(record.id, userId)
    return { userId, line, record }
  })
  await store.insertProfiles(tx, {
    ofApplication: [],
    ofAccounts: added.filter(({ record }) => record.avatar !== undefined || record.data !== undefined).map(
      ({ userId, record: { avatar, data = {}, version = 1 } }) => ({ user_id: userId, avatar, data, version })
    )
  })
  await addSettings(tx, added)
  if (added.length > 0) await numberAccounts(tx)
}

/** The accounts that are not there; the numbers of the others are noted. */
async function findMissing (
  tx: Orm, accounts: readonly AccountLine[], numbers: Map<string, number>
): Promise<AccountLine[]> {
  const rows = await store.findByKeys(tx, {
    usernameKeys: accounts.map(({ usernameKey }) => usernameKey), emailKeys: accounts.map(({ emailKey }) => emailKey)
  })
  const known = new Map(rows.map((row) => [`${row.usernameKey} ${row.emailKey}`, row.id]))
  const taken = new Set(rows.flatMap(({ usernameKey, emailKey }) => [usernameKey, emailKey]))
  const usernames = accounts.map(({ account }) => account.username)
  const retired = new Set(await findRetired(tx, { externalIds: [], usernames }))
  const missing: AccountLine[] = []
  for (const one of accounts) {
    const userId = known.get(`${one.usernameKey} ${one.emailKey}`)
    if (userId !== undefined) {
      numbers.set(one.record.id, userId)
      continue
    }
    if (taken.has(one.usernameKey) || taken.has(one.emailKey) || retired.has(one.account.username)) {
      const { id } = one.record
      throw new ImportError(one.line, `the username or the address of ${id} is that of another account here`)
    }
    taken.add(one.usernameKey).add(one.emailKey)
    missing.push(one)
  }
  return missing
}

function rowOf (one: AccountLine, isFree: boolean): store.UserToInsert {
  const { record, account, number, usernameKey, emailKey } = one
  return {
    ...(isFree && { id: number }),
    username: account.username,
    username_key: usernameKey,
    display_name: record.name ?? account.username,
    email: account.email,
    email_key: emailKey,
    password_hash: account.password_hash ?? unusablePassword(),
    activated_at: account.activated_at,
    email_verified_at: account.email_verified_at,
    created_at: record.created_at,
    suspended_at: record.suspended_at,
    disabled_at: account.disabled_at
  }
}

/** Erased users are places for what they have left: any erased user of the number will do. */
async function ensureErased (
  tx: Orm, lines: readonly UserLine[], importId: string, result: ImportedUsers
): Promise<void> {
  if (lines.length === 0) return
  const taken = await store.findTaken(tx, lines.map(({ record }) => accountOfUserId(record.id) ?? 0))
  const missing = lines.flatMap(({ record }) => {
    const number = accountOfUserId(record.id) ?? 0
    if (taken.get(number) !== true) return [{ record, number, isFree: !taken.has(number) }]
    result.numbers.set(record.id, number)
    return []
  })
  const free = missing.filter(({ isFree }) => isFree).map(({ number }) => number)
  if (free.length > 0) await store.reserveUserNumbers(tx, Math.max(...free))
  const keyOf = (id: string) => createHash('sha256').update(`${importId} ${id}`).digest('base64url')
  const known = new Map((await store.findByKeys(tx, {
    usernameKeys: [], emailKeys: missing.map(({ record }) => keyOf(record.id))
  })).map(({ id, emailKey }) => [emailKey, id]))
  for (const { record, number, isFree } of missing) {
    const key = keyOf(record.id)
    const found = known.get(key)
    result.numbers.set(record.id, found ?? await insertErased(tx, record, { key, number: isFree ? number : undefined }))
  }
  result.made += missing.length
}

async function insertErased (
  tx: Orm, { created_at: createdAt, erased_at: erasedAt }: UserRecord,
  { key, number }: { key: string, number: number | undefined }
): Promise<number> {
  const name = number === undefined ? key : `deleted_${String(number)}`
  const row = {
    id: number,
    username: name,
    username_key: name.toLowerCase(),
    display_name: name,
    email: name,
    email_key: number === undefined ? key : name.toLowerCase(),
    password_hash: '',
    created_at: createdAt,
    deleted_at: erasedAt
  }
  const userId = (await store.insertUsers(tx, [row])).get(row.username_key)
  if (userId === undefined) throw new Error('An erased user cannot be added.')
  if (number === undefined) await store.nameErased(tx, userId, key)
  return userId
}

/** What new users have set for themselves. */
async function addSettings (tx: Orm, users: readonly (UserLine & { userId: number })[]): Promise<void> {
  const those = (field: 'hides_receipts' | 'hides_presence') =>
    users.filter(({ record }) => record[field]).map(({ userId }) => userId)
  await store.hideOwn(tx, { receipts: those('hides_receipts'), presence: those('hides_presence') })
  await store.insertSettings(tx, users.flatMap(({ userId, line, record: { notifications } }) => {
    const row = notifications === undefined ? [] : settingsRowOf(userId, notifications)
    if (typeof row === 'string') throw new ImportError(line, row)
    return row
  }))
}

/** A hash in the form of others, of no password: the account gets one by a reset. */
function unusablePassword (): string {
  const random = (bytes: number) => randomBytes(bytes).toString('base64').replaceAll('=', '')
  return `$argon2id$v=19$m=19456,t=2,p=1$${random(16)}$${random(32)}`
}

function uniqueBy<Item> (items: readonly Item[], keyOf: (item: Item) => string): Item[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()]
}
