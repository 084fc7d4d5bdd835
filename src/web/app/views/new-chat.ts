/** The dialog that chooses, or names, the user for a new chat. */
import type { Person } from '../../../client/index.ts'
import { arrange, element } from '../dom.ts'
import { avatar } from '../avatar.ts'
import { goTo } from '../routes.ts'
import type { Session } from '../session.ts'
import { openDialog } from './dialog.ts'
import { sentenceOf } from './form-screen.ts'

const PAGE_SIZE = 100
const MAX_SHOWN = 8

/** Opens the dialog. */
export function openNewChat (session: Session): void {
  const input = element('input', {
    id: 'receiver',
    name: 'receiver',
    required: true,
    maxlength: 32,
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
    placeholder: 'Name or username'
  })
  const list = element('ul', { class: 'people', role: 'list', 'aria-label': 'People on this server' })
  const problem = element('p', { class: 'alert', role: 'alert', hidden: true })
  let people: readonly Person[] = []

  const start = async (username: string) => {
    problem.hidden = true
    try {
      const chatID = await session.openChat(username)
      dialog.close()
      goTo({ screen: 'chat', chatID })
    } catch (error) {
      problem.textContent = sentenceOf(error)
      problem.hidden = false
    }
  }
  const show = () => {
    const wanted = input.value.trim().toLowerCase()
    const found = people.filter(
      ({ name, username }) => name.toLowerCase().includes(wanted) || username.toLowerCase().includes(wanted)
    )
    arrange(
      list,
      found
        .slice(0, MAX_SHOWN)
        .map((person) => personItem(person, () => void start(person.username)))
    )
  }
  const form = element(
    'form',
    {},
    element('label', { for: 'receiver' }, 'Who do you want to talk to?'),
    element('div', { class: 'together' }, input, element('button', { class: 'button', type: 'submit' }, 'Start')),
    problem,
    list
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void start(input.value.trim())
  })
  input.addEventListener('input', show)
  const dialog = openDialog('New chat', form)
  input.focus()
  session.client.people({ pageSize: PAGE_SIZE }).then(
    ({ items }) => {
      people = items.filter(({ userID }) => userID !== session.account.userID)
      show()
      // Without the list a username can still be typed.
    },
    () => undefined
  )
}

function personItem ({ name, username }: Person, onChosen: () => void): HTMLElement {
  const note = name === username ? undefined : element('span', { class: 'quiet' }, `@${username}`)
  const who = element('span', { class: 'who' }, element('strong', {}, name), note)
  return element('li', {}, element('button', { class: 'person', type: 'button', click: onChosen }, avatar(name), who))
}
