/** What one who acts on a chat may do there: the permissions of the role, and the order of the roles. */
import { ChatError } from '../errors.ts'
import {
  type ChatTypeDefinition, highestRole, type Permission, PERMISSIONS, permissionsOf, permits, rankOf
} from './chat-types.ts'

/** The rights of a member, of a user who may only see the chat, or of a key, which stands above all roles. */
export class Authority {
  readonly #type: ChatTypeDefinition
  readonly #isKey: boolean
  /** Null for one who is no member. */
  readonly role: string | null

  constructor (type: ChatTypeDefinition, role: string | null, isKey: boolean) {
    this.#type = type
    this.#isKey = isKey
    this.role = role
  }

  /** Everything that is permitted, in the order of all permissions. */
  get permissions (): readonly Permission[] {
    if (this.#isKey) return PERMISSIONS
    return this.role === null ? ['read'] : permissionsOf(this.#type, this.role)
  }

  /** @throws {ChatError} `forbidden` */
  require (permission: Permission): void {
    const isPermitted = this.#isKey || (this.role !== null && permits(this.#type, this.role, permission))
    if (!isPermitted) throw new ChatError('forbidden')
  }

  /** Checks that a member with this role may be removed: not one with a higher one. @throws {ChatError} `forbidden` */
  requireRemovalOf (role: string): void {
    this.require('remove_members')
    if (!this.#isKey && this.#rankOf(role) < this.#own) throw new ChatError('forbidden')
  }

  /**
   * Checks that a user may be banned: not a member with a higher role.
   * @param role undefined for one who is no member
   * @throws {ChatError} `forbidden`
   */
  requireBanOf (role: string | undefined): void {
    this.require('moderate')
    if (role !== undefined && !this.#isKey && this.#rankOf(role) < this.#own) throw new ChatError('forbidden')
  }

  /**
   * Checks that a member may be given another role: by the highest role any, by others only below their own.
   * @param from null for one who comes
   * @throws {ChatError} `forbidden`, `unknown_role`
   */
  requireChange (from: string | null, to: string): void {
    if (!this.#type.roles.some(({ role }) => role === to)) throw new ChatError('unknown_role')
    this.require('change_roles')
    const highest = Math.min(this.#rankOf(to), from === null ? Infinity : this.#rankOf(from))
    if (!this.#isKey && this.#own !== 0 && highest <= this.#own) throw new ChatError('forbidden')
  }

  /** Checks that users may be added with this role. @throws {ChatError} `forbidden`, `unknown_role` */
  requireAddition (role: string): void {
    this.require('add_members')
    if (role !== this.#type.default_role) this.requireChange(null, role)
  }

  /** Whether a role is lower than one's own: anybody may give up rights. */
  isBelow (role: string): boolean {
    return this.role !== null && this.#rankOf(role) < this.#type.roles.length && this.#rankOf(role) > this.#own
  }

  /** Whether one has the highest role, or stands above it. */
  get isHighest (): boolean {
    return this.#isKey || this.role === highestRole(this.#type)
  }

  get #own (): number {
    return this.role === null ? this.#type.roles.length : this.#rankOf(this.role)
  }

  #rankOf (role: string): number {
    return rankOf(this.#type, role)
  }
}
