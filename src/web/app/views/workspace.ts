/** The screen of a signed-in user: the chats, the open one, and the banner. A phone shows one of the two at a time. */
import { element, setAttributes } from '../dom.ts'
import { icon, mark } from '../icons.ts'
import type { Route } from '../routes.ts'
import type { Session } from '../session.ts'
import { banner } from './banner.ts'
import { ChatListView } from './chat-list.ts'
import { ConversationView } from './conversation.ts'
import { openNewChat } from './new-chat.ts'

/** The screen. */
export class Workspace {
  readonly view: HTMLElement
  readonly #session: Session
  readonly #list: ChatListView
  readonly #heading = element('h1', { class: 'unseen', tabindex: -1 }, 'Confab')
  readonly #pane = element('div', { class: 'pane' })
  readonly #ends: (() => void)[]
  #open: { chatID: number, view: ConversationView } | undefined
  #wantedID: number | undefined

  constructor (session: Session) {
    this.#session = session
    this.#list = new ChatListView(session)
    const strip = banner(session)
    this.view = element('main', { class: 'workspace' }, this.#heading, strip.view, this.#list.view, this.#pane)
    this.#ends = [
      strip.end,
      // The chat in the address may not be in the list yet.
      session.chats.state.follow(() => this.#update())
    ]
  }

  /** Shows the chat of a route, or none. */
  show (route: Route): void {
    const before = this.#wantedID
    this.#wantedID = route.screen === 'chat' ? route.chatID : undefined
    setAttributes(this.view, { 'data-screen': route.screen })
    this.#list.setCurrent(this.#wantedID)
    this.#update()
    // When a form has closed, screen readers first read where the user is now.
    if (this.#wantedID === undefined && !this.#list.focus(before)) this.#heading.focus()
  }

  /** Removes its subscriptions. */
  close (): void {
    for (const end of this.#ends) end()
    this.#list.close()
    this.#open?.view.close()
  }

  #update (): void {
    if (this.#open?.chatID !== this.#wantedID || this.#pane.childElementCount === 0) this.#openWanted()
    const unread = this.#session.chats.unreadChats
    document.title = [
      unread > 0 ? `(${String(unread)}) ` : '',
      this.#open === undefined ? 'Chats' : this.#open.view.name,
      ' · Confab'
    ].join('')
  }

  #openWanted (): void {
    const chatID = this.#wantedID
    const entry = chatID === undefined ? undefined : this.#session.chats.find(chatID)
    this.#open?.view.close()
    this.#open = undefined
    if (entry !== undefined) {
      const view = new ConversationView(this.#session, entry, () => this.#list.focus(entry.chatID))
      this.#open = { chatID: entry.chatID, view }
      this.#pane.replaceChildren(view.view)
      view.focus()
    } else this.#pane.replaceChildren(this.#empty(chatID))
  }

  #empty (chatID: number | undefined): HTMLElement {
    const { status } = this.#session.chats.state.value
    if (chatID !== undefined && status === 'loading') return element('div', { class: 'empty' })
    const words =
      chatID === undefined
        ? [
            element('h2', {}, 'Pick up where you left off'),
            element('p', { class: 'quiet' }, 'Choose a chat on the left, or start a new one.')
          ]
        : [
            element('h2', {}, 'This chat is not here'),
            element('p', { class: 'quiet' }, 'You have left it, or it was never yours.')
          ]
    return element(
      'div',
      { class: 'empty' },
      mark(),
      ...words,
      element(
        'button',
        { class: 'button', type: 'button', click: () => openNewChat(this.#session) },
        icon('plus'),
        'New chat'
      )
    )
  }
}
