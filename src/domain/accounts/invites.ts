/** Who may register: everybody, the bearers of an invite code, or nobody. */
import { randomInt } from 'node:crypto'
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/invites.ts'
import { ChatError } from '../errors.ts'
import { isStorable } from '../text.ts'
import { MS_PER_DAY } from '../time.ts'

/** Who may register. */
export type RegistrationPolicy = 'open' | 'invite' | 'closed'

/** A code to make. */
export type InviteRequest = {
  /** Made at random when it is missing. */
  code?: string | undefined
  /** Number of accounts that may be registered with it. */
  maxUses: number
  /** Its lifetime in milliseconds; without one it lives for ever. */
  ttlMs: number | undefined
}

/** A code, and whether another account can be registered with it. */
export type Invite = {
  code: string
  uses: number
  maxUses: number
  expiresAt: Date | null
  state: 'good' | 'used up' | 'expired' | 'revoked'
}

/** Letters and digits that are not mistaken for each other when they are read aloud or copied. */
const SIGNS = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'
const [GROUPS, GROUP_LENGTH] = [3, 4]
const MAX_CODE_LENGTH = 64
const MAX_USES = 1_000_000
const MAX_DAYS = 3_650

/** A random code of 60 bits: three groups of four signs. */
function createInviteCode (): string {
  const group = () => Array.from({ length: GROUP_LENGTH }, () => SIGNS.charAt(randomInt(SIGNS.length))).join('')
  return Array.from({ length: GROUPS }, group).join('-')
}

/** The form in which codes are compared. */
const keyOf = (code: string) => code.trim().toLowerCase()

/**
 * Makes a code.
 * @throws {ChatError} `invalid_input` for a code of another length than 1 to 64 characters, one that exists, or a
 * number of uses or a lifetime out of bounds
 */
export async function createInvite (orm: Orm, { code, maxUses, ttlMs }: InviteRequest): Promise<string> {
  const own = (code ?? createInviteCode()).trim()
  if (own === '' || own.length > MAX_CODE_LENGTH || !isStorable(own) || /\p{Cc}/u.test(own))
    throw new ChatError('invalid_input', `A code has 1 to ${String(MAX_CODE_LENGTH)} characters.`)
  if (!Number.isInteger(maxUses) || maxUses < 1 || maxUses > MAX_USES)
    throw new ChatError('invalid_input', `A code has 1 to ${String(MAX_USES)} uses.`)
  if (ttlMs !== undefined && ttlMs > MAX_DAYS * MS_PER_DAY)
    throw new ChatError('invalid_input', `A code lives for ${String(MAX_DAYS)} days at the most, or for ever.`)
  const row = await store.insertInvite(orm, { code: own, codeKey: keyOf(own), maxUses, ttlMs })
  if (row === undefined) throw new ChatError('invalid_input', 'There is such a code already.')
  return row.code
}

/** Returns every code, oldest first. */
export async function listInvites (orm: Orm): Promise<Invite[]> {
  const rows = await store.listInvites(orm)
  return rows.map(({ code, uses, maxUses, expiresAt, revokedAt, isExpired }) => ({
    code,
    uses,
    maxUses,
    expiresAt,
    state: revokedAt !== null ? 'revoked' : isExpired ? 'expired' : uses >= maxUses ? 'used up' : 'good'
  }))
}

/** Makes a code useless; accounts that were registered with it stay. @throws {ChatError} `invalid_input` */
export async function revokeInvite (orm: Orm, code: string): Promise<void> {
  if (!isStorable(code) || !(await store.revokeInvite(orm, keyOf(code))))
    throw new ChatError('invalid_input', 'There is no such code.')
}

/** What a registration needs to know of the policy. */
export type PolicyDeps = { orm: Orm, registration: RegistrationPolicy }

/**
 * Checks who may register before anything costs: a flood of invented codes must not cost hashes.
 * @throws {ChatError} `registration_closed`, `invalid_invite`
 */
export async function checkInvite (
  { orm, registration }: PolicyDeps,
  code: string | undefined,
  username: string
): Promise<void> {
  if (registration === 'closed') throw new ChatError('registration_closed')
  if (registration === 'invite') await findInvite(orm, code, username)
}

/**
 * Uses a code in the transaction of a registration, which must have locked the account of that name. An account that is
 * registered again before it is active is not charged twice.
 * @returns the id of the code; undefined where none is needed
 * @throws {ChatError} `registration_closed`, `invalid_invite`
 */
export async function useInvite (
  { registration }: Pick<PolicyDeps, 'registration'>,
  tx: Orm,
  code: string | undefined,
  username: string
): Promise<number | undefined> {
  if (registration === 'closed') throw new ChatError('registration_closed')
  if (registration === 'open') return undefined
  const { id, isUsedByAccount } = await findInvite(tx, code, username)
  if (!isUsedByAccount && !(await store.countInviteUse(tx, id))) throw new ChatError('invalid_invite')
  return id
}

async function findInvite (orm: Orm, code: string | undefined, username: string) {
  const key = keyOf(code ?? '')
  const found = key === '' || !isStorable(key) ? undefined : await store.findGoodInvite(orm, key, username)
  if (found === undefined) throw new ChatError('invalid_invite')
  return found
}
