/** The list of chats, and the signed-in user. */
import { arrange, element, hasFocus, setAttributes, unseen } from '../dom.ts'
import { momentOf, shortly } from '../dates.ts'
import { avatar } from '../avatar.ts'
import { icon, mark } from '../icons.ts'
import type { ChatEntry, ChatListState } from '../chat-list.ts'
import { addressOf, goTo } from '../routes.ts'
import type { Session } from '../session.ts'
import { confirmDialog } from './dialog.ts'
import { openNewChat } from './new-chat.ts'
import { openSessions } from './sessions.ts'

const MAX_SHOWN_UNREAD = 99

type Row = { view: HTMLElement, link: HTMLElement, shown: string }

/** The view of the list. */
export class ChatListView {
  readonly view: HTMLElement
  readonly #session: Session
  readonly #list = element('ul', { class: 'chats', role: 'list' })
  readonly #note = element('div', { class: 'note' })
  readonly #more: HTMLElement
  readonly #rows = new Map<number, Row>()
  readonly #end: () => void
  #currentID: number | undefined
  /** The chat that had the focus last: the one tab stop of the list. */
  #stopID: number | undefined
  #noted: ChatListState['status'] | undefined

  constructor (session: Session) {
    this.#session = session
    this.#more = element(
      'button',
      { class: 'link more', type: 'button', hidden: true, click: () => void session.chats.loadMore() },
      'Show older chats'
    )
    this.view = element(
      'section',
      { class: 'side', 'aria-label': 'Chats' },
      element(
        'header',
        { class: 'side-head' },
        element('a', { class: 'brand', href: '/' }, mark(), 'Confab'),
        element(
          'button',
          {
            class: 'round accent',
            type: 'button',
            'aria-label': 'New chat',
            title: 'New chat',
            click: () => openNewChat(session)
          },
          icon('plus')
        )
      ),
      element('nav', { class: 'side-body', 'aria-label': 'Your chats' }, this.#list, this.#note, this.#more),
      this.#footer()
    )
    this.#list.addEventListener('keydown', (event) => this.#walk(event))
    this.#list.addEventListener('focusin', () => {
      const focused = [...this.#rows].find(([, { link }]) => hasFocus(link))
      if (focused === undefined) return
      this.#stopID = focused[0]
      this.#setTabStop()
    })
    this.#end = session.chats.state.follow(() => this.#show())
  }

  /** Marks the open chat. */
  setCurrent (chatID: number | undefined): void {
    this.#currentID = chatID
    this.#stopID = chatID ?? this.#stopID
    this.#show()
  }

  /** Focuses a chat. @returns whether it is in the list */
  focus (chatID: number | undefined): boolean {
    const row = chatID === undefined ? undefined : this.#rows.get(chatID)
    row?.link.focus()
    return row !== undefined
  }

  /** Removes its subscriptions. */
  close (): void {
    this.#end()
  }

  #footer (): HTMLElement {
    const { account } = this.#session
    const signOut = () =>
      confirmDialog({
        title: 'Sign out?',
        text: 'Your chats stay on the server. What was not sent yet is given up.',
        action: 'Sign out',
        onConfirm: () => this.#session.signOut()
      })
    return element(
      'footer',
      { class: 'side-foot' },
      avatar(account.name),
      element(
        'span',
        { class: 'who' },
        element('strong', {}, account.name),
        element('a', { class: 'quiet', href: addressOf({ screen: 'sign-in' }) }, 'Use another account')
      ),
      element(
        'button',
        {
          class: 'round',
          type: 'button',
          'aria-label': 'Your account',
          title: 'Your account',
          click: () => openSessions(this.#session)
        },
        icon('key')
      ),
      element(
        'button',
        { class: 'round', type: 'button', 'aria-label': 'Sign out', title: 'Sign out', click: signOut },
        icon('leave')
      )
    )
  }

  #show (): void {
    const { entries, status, hasMore } = this.#session.chats.state.value
    const rows = entries.map((entry) => this.#row(entry))
    for (const chatID of [...this.#rows.keys()])
      if (!entries.some((entry) => entry.chatID === chatID)) this.#rows.delete(chatID)
    // Moving an element removes its focus.
    const focused = rows.find(({ link }) => hasFocus(link))
    arrange(
      this.#list,
      rows.map(({ view }) => view)
    )
    if (focused !== undefined && !hasFocus(focused.link)) focused.link.focus()
    this.#setTabStop()
    this.#more.hidden = !hasMore
    this.#note.hidden = entries.length > 0
    if (this.#noted === status) return
    this.#noted = status
    this.#note.replaceChildren(...this.#noteOf(status))
  }

  /** The list is one stop of the Tab key, with the arrow keys inside (ARIA Authoring Practices, roving tabindex). */
  #setTabStop (): void {
    const { entries } = this.#session.chats.state.value
    const stop = (this.#stopID === undefined ? undefined : this.#rows.get(this.#stopID)) ??
      (entries[0] === undefined ? undefined : this.#rows.get(entries[0].chatID))
    for (const row of this.#rows.values()) setAttributes(row.link, { tabindex: row === stop ? 0 : -1 })
  }

  #noteOf (status: ChatListState['status']): (Node | string)[] {
    if (status === 'loading')
      return Array.from({ length: 4 }, () => element('div', { class: 'ghost', 'aria-hidden': 'true' }))
    if (status === 'failed')
      return [
        element('p', {}, 'Your chats could not be loaded.'),
        element(
          'button',
          { class: 'button second', type: 'button', click: () => void this.#session.chats.refresh() },
          'Try again'
        )
      ]
    return [
      element('p', {}, element('strong', {}, 'It is quiet here.')),
      element('p', { class: 'quiet' }, 'Start a chat with somebody on this server.'),
      element('button', { class: 'button', type: 'button', click: () => openNewChat(this.#session) }, 'Start a chat')
    ]
  }

  #row (entry: ChatEntry): Row {
    const isCurrent = entry.chatID === this.#currentID
    const shown = JSON.stringify([entry, isCurrent, new Date().toDateString()])
    let row = this.#rows.get(entry.chatID)
    if (row === undefined) {
      const link = element('a', { href: addressOf({ screen: 'chat', chatID: entry.chatID }) })
      row = { link, view: element('li', {}, link), shown: '' }
      this.#rows.set(entry.chatID, row)
    }
    if (row.shown === shown) return row
    row.shown = shown
    setAttributes(row.link, {
      'aria-current': isCurrent ? 'page' : undefined,
      class: entry.unread > 0 ? 'chat unread' : 'chat'
    })
    row.link.replaceChildren(...this.#content(entry))
    return row
  }

  #content ({ name, lastMessage, unread, updatedAt }: ChatEntry): Node[] {
    const at = new Date(lastMessage?.timestamp ?? updatedAt)
    const isOwn = lastMessage?.userID === this.#session.account.userID
    return [
      avatar(name),
      element('span', { class: 'chat-name' }, name),
      element('time', { class: 'chat-time', datetime: at.toISOString(), title: momentOf(at) }, shortly(at)),
      element(
        'span',
        { class: 'chat-last' },
        lastMessage === undefined ? 'No messages yet' : (isOwn ? 'You: ' : '') + lastMessage.text
      ),
      ...(unread > 0
        ? [
            element(
              'span',
              { class: 'count' },
              unread > MAX_SHOWN_UNREAD ? `${String(MAX_SHOWN_UNREAD)}+` : String(unread),
              unseen(' new')
            )
          ]
        : [])
    ]
  }

  /** The arrow keys, Home and End move from chat to chat. */
  #walk (event: KeyboardEvent): void {
    const links = [...this.#list.querySelectorAll('a')]
    const at = links.findIndex((link) => hasFocus(link))
    const last = links.length - 1
    const to = { ArrowDown: Math.min(at + 1, last), ArrowUp: Math.max(at - 1, 0), Home: 0, End: last }[event.key]
    if (to === undefined || at < 0) return
    event.preventDefault()
    links[to]?.focus()
  }
}

/** Leaves a chat after a confirmation. */
export function askToLeave (session: Session, { chatID, name }: ChatEntry): void {
  confirmDialog({
    title: `Leave the chat with ${name}?`,
    text:
      `It disappears from your list, and ${name} keeps it. If one of you starts it again, you see only what is ` +
      'written from then on.',
    action: 'Leave',
    onConfirm: async () => {
      await session.leaveChat(chatID)
      goTo({ screen: 'chats' }, { replace: true })
    }
  })
}
