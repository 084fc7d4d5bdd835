/** An open chat: its other member, its messages, and the composer. */
import type { Message } from '../../../client/chatcli/index.ts'
import { announce } from '../announcer.ts'
import type { ChatEntry } from '../chat-list.ts'
import type { Conversation } from '../conversation.ts'
import { element } from '../dom.ts'
import { avatar } from '../avatar.ts'
import { icon } from '../icons.ts'
import { addressOf } from '../routes.ts'
import type { Session } from '../session.ts'
import { askToLeave } from './chat-list.ts'
import { Composer } from './composer.ts'
import { TimelineView } from './timeline.ts'

/** The view of an open chat. */
export class ConversationView {
  readonly view: HTMLElement
  readonly name: string
  readonly #conversation: Conversation
  readonly #session: Session
  readonly #heading: HTMLElement
  readonly #composer: Composer
  readonly #ends: (() => void)[]
  /** What is in view: the seq of the last message, and whether that is the end. */
  #inView = { seq: 0, isAtEnd: false }

  /** @param onLeave called when the user returns to the list */
  constructor (session: Session, entry: ChatEntry, onLeave: () => void) {
    const { chatID, name } = entry
    this.name = name
    this.#session = session
    this.#conversation = session.conversation(chatID)
    const conversation = this.#conversation
    const timeline = new TimelineView({
      otherName: name,
      me: session.account,
      actions: {
        retry: (post) => session.outgoing.retry(post),
        discard: (post) => session.outgoing.forget((each) => each.id === post.id)
      },
      onNearStart: () => void conversation.loadOlder(),
      onView: (seq, isAtEnd) => {
        this.#inView = { seq, isAtEnd }
        this.#look()
      }
    })
    this.#heading = element('h2', { tabindex: -1 }, name)
    const refusal = element('p', { class: 'refusal', role: 'status' })
    const again = element(
      'button',
      { class: 'link', type: 'button', hidden: true, click: () => void conversation.load() },
      'Try again'
    )
    this.#composer = new Composer({
      name,
      draft: session.drafts.get(chatID) ?? '',
      onDraft: (text) => session.drafts.set(chatID, text),
      onSend: (text) => {
        conversation.markNew(0)
        conversation.post(text)
      },
      onLeave
    })
    this.view = element(
      'section',
      { class: 'conversation', 'aria-label': `Chat with ${name}` },
      this.#header(entry),
      timeline.view,
      element('div', { class: 'notice' }, refusal, again),
      this.#composer.view
    )

    const look = () => this.#look()
    document.addEventListener('visibilitychange', look)
    this.#ends = [
      conversation.state.follow((state) => {
        timeline.show(state)
        const isFailed = state.status === 'failed' && state.refusal === undefined
        refusal.textContent =
          state.refusal ?? (isFailed ? 'The messages are loaded as soon as the server can be reached.' : '')
        again.hidden = !isFailed
      }),
      session.client.on('message', (message) => this.#hear(message)),
      () => document.removeEventListener('visibilitychange', look)
    ]
  }

  #header (entry: ChatEntry): HTMLElement {
    const { name, other } = entry
    // The display name is often the same as the username.
    const note = other === undefined ? 'has left this chat' : other.username === name ? undefined : `@${other.username}`
    const back = { class: 'round back', href: addressOf({ screen: 'chats' }), 'aria-label': 'Back to the chats' }
    const leave = {
      class: 'round',
      type: 'button',
      'aria-label': 'Leave this chat',
      title: 'Leave this chat',
      click: () => askToLeave(this.#session, entry)
    }
    return element(
      'header',
      { class: 'conversation-head' },
      element('a', back, icon('back')),
      avatar(name),
      element(
        'span',
        { class: 'who' },
        this.#heading,
        note === undefined ? undefined : element('span', { class: 'quiet' }, note)
      ),
      element('button', leave, icon('bin'))
    )
  }

  /** Focuses the composer; on a touch screen, where that would open the keyboard, the name instead. */
  focus (): void {
    if (matchMedia('(pointer: coarse)').matches) this.#heading.focus()
    else this.#composer.focus()
  }

  /** Removes its subscriptions. */
  close (): void {
    for (const end of this.#ends) end()
    this.#session.chats.setReading(undefined)
    this.#conversation.markNew(0)
  }

  /** What is in view is being read while the page is visible. */
  #look (): void {
    const isVisible = document.visibilityState === 'visible'
    const { seq, isAtEnd } = this.#inView
    this.#session.chats.setReading(isVisible && isAtEnd ? this.#conversation.chatID : undefined)
    if (isVisible) this.#conversation.see(seq)
  }

  #hear ({ chatID, userID, text }: Message): void {
    if (userID !== this.#session.account.userID && chatID === this.#conversation.chatID)
      announce(`${this.name}: ${text}`)
  }
}
