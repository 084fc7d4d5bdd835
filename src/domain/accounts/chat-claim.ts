/**
 * The claim `chats` of a token, which narrows what its user may do: the chats by their ids, `*` at the end for any
 * rest, and what the token may do there.
 */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Permission } from '../chats/chat-types.ts'

/** What a token may do in a chat. */
export type ChatRight = 'read' | 'post'

const MAX_ENTRIES = 1_000
const ClaimSchema = Type.Record(
  Type.String({ pattern: '^[A-Za-z0-9._~-]{0,64}\\*?$' }),
  Type.Array(Type.Union([Type.Literal('read'), Type.Literal('post')])),
  { additionalProperties: false, maxProperties: MAX_ENTRIES }
)
const form = Compile(ClaimSchema)

/** What of a role is left to a token that may only read, or only post. */
const PERMISSIONS: Readonly<Record<ChatRight, readonly Permission[]>> = {
  read: ['read'],
  post: ['post', 'edit_own', 'delete_own', 'react', 'pin']
}

/** A narrowed token. It neither creates nor joins chats. */
export class ChatClaim {
  /** The claim as a text: the same for the same rights. */
  readonly text: string
  readonly #chats = new Map<string, ReadonlySet<ChatRight>>()
  readonly #beginnings: (readonly [beginning: string, rights: ReadonlySet<ChatRight>])[] = []

  constructor (claim: Static<typeof ClaimSchema>) {
    const entries = Object.entries(claim).sort(([one], [other]) => (one < other ? -1 : 1))
    this.text = JSON.stringify(entries.map(([name, rights]) => [name, [...new Set(rights)].sort()]))
    for (const [name, rights] of Object.entries(claim)) {
      if (name.endsWith('*')) this.#beginnings.push([name.slice(0, -1), new Set(rights)])
      else this.#chats.set(name, new Set(rights))
    }
  }

  /** Whether the token may do this in a chat. @param chat the id of the chat in `/v1` */
  may (chat: string, right: ChatRight): boolean {
    return this.#chats.get(chat)?.has(right) === true ||
      this.#beginnings.some(([beginning, rights]) => chat.startsWith(beginning) && rights.has(right))
  }

  /** The ids of the chats that the token may see, and the beginnings of such ids. */
  get seen (): { ids: string[], beginnings: string[] } {
    return {
      ids: [...this.#chats].flatMap(([id, rights]) => rights.has('read') ? [id] : []),
      beginnings: this.#beginnings.flatMap(([beginning, rights]) => rights.has('read') ? [beginning] : [])
    }
  }

  /** Those of some permissions that the token leaves in a chat. */
  narrow (chat: string, permissions: readonly Permission[]): Permission[] {
    const rights = (['read', 'post'] as const).filter((right) => this.may(chat, right))
    return permissions.filter((permission) => rights.some((right) => PERMISSIONS[right].includes(permission)))
  }
}

/** Reads the claim of a token; undefined when it has another form. */
export function parseChatClaim (claim: unknown): ChatClaim | undefined {
  return form.Check(claim) ? new ChatClaim(claim) : undefined
}
