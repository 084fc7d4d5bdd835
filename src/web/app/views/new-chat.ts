/** The dialog that chooses, or names, the user for a new chat. */
import type { Person } from '../../../client/chatcli/index.ts'
import { arrange, element } from '../dom.ts'
import { avatar } from '../avatar.ts'
import { isNamed, People } from '../people.ts'
import { goTo } from '../routes.ts'
import type { Session } from '../session.ts'
import { openDialog } from './dialog.ts'
import { sentenceOf } from './form-screen.ts'

/** A pause in typing after which the server is asked, in milliseconds. */
const TYPING_MS = 150
const INPUT = {
  id: 'receiver',
  name: 'receiver',
  required: true,
  maxlength: 64,
  autocomplete: 'off',
  autocapitalize: 'none',
  spellcheck: 'false',
  placeholder: 'Name or username'
}

/** Opens the dialog. */
export function openNewChat (session: Session): void {
  new NewChatDialog(session).open()
}

class NewChatDialog {
  readonly #session: Session
  readonly #people: People
  readonly #input = element('input', INPUT)
  readonly #list = element('ul', { class: 'people', role: 'list', 'aria-label': 'People on this server' })
  readonly #count = element('p', { class: 'unseen', role: 'status' })
  readonly #problem = element('p', { class: 'alert', role: 'alert', hidden: true })
  #dialog: HTMLDialogElement | undefined
  #typing: ReturnType<typeof setTimeout> | undefined
  /** Number of the search whose people are shown next. */
  #search = 0

  constructor (session: Session) {
    this.#session = session
    this.#people = new People(session.client, session.account.userID)
  }

  open (): void {
    const form = element(
      'form',
      {},
      element('label', { for: INPUT.id }, 'Who do you want to talk to?'),
      element(
        'div',
        { class: 'together' },
        this.#input,
        element('button', { class: 'button', type: 'submit' }, 'Start')
      ),
      this.#problem,
      this.#count,
      this.#list
    )
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      this.#attempt(this.#startTyped())
    })
    this.#input.addEventListener('input', () => {
      clearTimeout(this.#typing)
      this.#typing = setTimeout(() => void this.#show(), TYPING_MS)
    })
    this.#dialog = openDialog('New chat', form)
    this.#input.focus()
    void this.#show()
  }

  #attempt (starting: Promise<void>): void {
    this.#problem.hidden = true
    starting.catch((error: unknown) => {
      this.#problem.textContent = sentenceOf(error)
      this.#problem.hidden = false
    })
  }

  async #start (username: string): Promise<void> {
    const chatID = await this.#session.openChat(username)
    this.#dialog?.close()
    goTo({ screen: 'chat', chatID })
  }

  /** Starts with the user of the typed name. Usernames are unique, names are not: then the list shows the choice. */
  async #startTyped (): Promise<void> {
    clearTimeout(this.#typing)
    const text = this.#input.value.trim()
    const found = await this.#find(text)
    const named = found.filter((person) => isNamed(person, text))
    const chosen =
      named.find(({ username }) => username.toLowerCase() === text.toLowerCase()) ??
      (named.length === 1 ? named[0] : undefined)
    if (chosen !== undefined || found.length === 0) return this.#start(chosen?.username ?? text)
    if (await this.#show()) this.#list.querySelector('button')?.focus()
  }

  /** @returns false when a later search shows its people instead */
  async #show (): Promise<boolean> {
    const search = ++this.#search
    const text = this.#input.value
    const found = await this.#find(text)
    if (search !== this.#search || text !== this.#input.value) return false
    arrange(
      this.#list,
      found.map((person) => personItem(person, () => this.#attempt(this.#start(person.username))))
    )
    this.#count.textContent = text.trim() === '' ? '' : `${String(found.length)} found`
    return true
  }

  /** Without a list a username can still be typed. */
  #find (text: string): Promise<Person[]> {
    return this.#people.find(text).catch(() => [])
  }
}

function personItem ({ name, username }: Person, onChosen: () => void): HTMLElement {
  const note = name === username ? undefined : element('span', { class: 'quiet' }, `@${username}`)
  const who = element('span', { class: 'who' }, element('strong', {}, name), note)
  return element('li', {}, element('button', { class: 'person', type: 'button', click: onChosen }, avatar(name), who))
}
