/** The members of a chat as a live collection. */
import { type ListState, PagedList, type PagedListOptions } from './paged-list.ts'
import type { ChatLog } from './subscriptions.ts'
import type { ChatEvent, Member } from './types.ts'

const PAGE_SIZE = 200

/** The members that are loaded. */
export type Members = ListState<Member>

/** The members: loaded and followed as long as somebody has subscribed. */
export class MemberList extends PagedList<Member> {
  protected readonly path: string
  readonly #log: ChatLog
  readonly #members = new Map<string, Member>()

  constructor (options: PagedListOptions & { log: ChatLog }) {
    super(options)
    this.#log = options.log
    this.path = `/chats/${options.log.chat}/members?limit=${String(PAGE_SIZE)}`
  }

  /** Applies the next event of the log. */
  apply (event: ChatEvent): void {
    if (!this.isLoaded || event.data === null || !('member' in event.data)) return
    const { member } = event.data
    if (member.user === null) return
    if (event.type === 'member.left' || event.type === 'member.removed') this.#members.delete(member.user)
    else this.#members.set(member.user, { ...this.#members.get(member.user), ...member })
    this.show()
  }

  protected onUsed (): () => void {
    return this.#log.use()
  }

  protected take (items: readonly Member[]): void {
    for (const member of items) if (member.user !== null) this.#members.set(member.user, member)
  }

  protected list (): readonly Member[] {
    return [...this.#members.values()]
  }

  protected clear (): void {
    this.#members.clear()
  }
}
