/** The dialog with the sessions of the account, which ends them, and changes the password. */
import type { LoginSession } from '../../../client/chatcli/index.ts'
import { element } from '../dom.ts'
import { momentOf } from '../dates.ts'
import type { Session } from '../session.ts'
import { openDialog } from './dialog.ts'
import { sentenceOf } from './form-screen.ts'

/** Browsers and systems in the names that clients give themselves, the more specific first. */
const BROWSERS = ['Edg', 'OPR', 'Firefox', 'Chrome', 'Safari']
const SYSTEMS = ['Android', 'iPhone', 'iPad', 'Windows', 'Macintosh', 'Linux']
const SHOWN_NAMES: Readonly<Record<string, string>> = { Edg: 'Edge', OPR: 'Opera', Macintosh: 'macOS' }
const MAX_SHOWN_LENGTH = 40

/** Opens the dialog. */
export function openSessions (session: Session): void {
  const list = element('ul', { class: 'sessions', role: 'list', 'aria-label': 'Your sessions' })
  const problem = element('p', { class: 'alert', role: 'alert', hidden: true })
  const others = element(
    'button',
    {
      class: 'button second',
      type: 'button',
      hidden: true,
      click: () => void act(() => session.client.endOtherSessions())
    },
    'Sign out everywhere else'
  )
  const load = async () => {
    const sessions = await session.client.sessions()
    others.hidden = sessions.length < 2
    list.replaceChildren(
      ...sessions.map((one) => sessionItem(one, () => void act(() => session.client.endSession(one.id))))
    )
  }
  const act = async (work: () => Promise<void>) => {
    problem.hidden = true
    try {
      await work()
      await load()
    } catch (error) {
      problem.textContent = sentenceOf(error)
      problem.hidden = false
    }
  }
  const heading = element('h3', {}, 'Where you are signed in')
  openDialog('Your account', heading, list, problem, others, passwordForm(session, load))
  void act(() => Promise.resolve())
}

function sessionItem ({ userAgent, lastUsedAt, isCurrent }: LoginSession, onEnd: () => void): HTMLElement {
  const name = clientName(userAgent)
  const used = new Date(lastUsedAt)
  return element(
    'li',
    {},
    element(
      'span',
      { class: 'who' },
      element('strong', { title: userAgent ?? '' }, name),
      element('span', { class: 'quiet' }, isCurrent ? 'This browser' : `Last used ${momentOf(used)}`)
    ),
    isCurrent
      ? undefined
      : element(
          'button',
          {
            class: 'link',
            type: 'button',
            'aria-label': `Sign out ${name}, last used ${momentOf(used)}`,
            click: onEnd
          },
          'Sign out'
        )
  )
}

/** A short name of a client: its browser and system, or the beginning of what it calls itself. */
function clientName (userAgent: string | undefined): string {
  if (userAgent === undefined) return 'A program'
  const [browser, system] = [BROWSERS, SYSTEMS].map((words) => words.find((word) => userAgent.includes(word)))
  const known = [browser, system].flatMap((word) => (word === undefined ? [] : (SHOWN_NAMES[word] ?? word)))
  return known.length === 0 ? userAgent.slice(0, MAX_SHOWN_LENGTH) : known.join(' on ')
}

function passwordForm (session: Session, onChanged: () => Promise<void>): HTMLElement {
  const field = (id: string, label: string, autocomplete: string) => {
    const input = element('input', { id, name: id, type: 'password', required: true, autocomplete })
    return { input, parts: [element('label', { for: id }, label), input] }
  }
  const current = field('current-password', 'Current password', 'current-password')
  const next = field('new-password', 'New password', 'new-password')
  const note = element('p', { class: 'hint', role: 'status' }, 'It signs you out everywhere else.')
  const form = element(
    'form',
    {},
    element('h3', {}, 'Change your password'),
    ...current.parts,
    ...next.parts,
    note,
    element('button', { class: 'button', type: 'submit' }, 'Change the password')
  )
  const change = async () => {
    try {
      await session.client.changePassword({ current: current.input.value, next: next.input.value })
      form.reset()
      note.textContent = 'Your password is changed.'
      await onChanged()
    } catch (error) {
      note.textContent = sentenceOf(error)
    }
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void change()
  })
  return form
}
