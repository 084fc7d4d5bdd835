/** A screen with one form: its fields, its error, and links to other screens. */
import { ConfabError } from '../../../client/chatcli/index.ts'
import { type Child, element, setAttributes } from '../dom.ts'
import { mark } from '../icons.ts'

const MS_PER_S = 1_000

/** A field. `attributes` are those of its `input`. */
export type Field = {
  name: string
  label: string
  hint?: string
  attributes: Record<string, string | number | boolean>
}

/** A form. */
export type FormScreenOptions = {
  title: string
  lead: Child
  fields: readonly Field[]
  /** A sentence that must be agreed to. */
  consent?: string
  submit: string
  /** Content below the form. */
  links: Child[]
  /** Handles the values, by the names of the fields. An error that it throws is shown. */
  onSubmit: (values: Record<string, string>) => Promise<void>
}

/** The sentence to show for an error. */
export function sentenceOf (error: unknown): string {
  if (!(error instanceof ConfabError)) return 'Something went wrong. Please try again.'
  if (error.code !== 'rate_limited' || error.retryAfterMs === undefined) return error.message
  const seconds = Math.ceil(error.retryAfterMs / MS_PER_S)
  return 'Too many attempts. Please try again in ' +
    `${seconds < 60 ? `${String(seconds)} seconds` : `${String(Math.ceil(seconds / 60))} minutes`}.`
}

/** Creates the screen. */
export function formScreen ({ title, lead, fields, consent, submit, links, onSubmit }: FormScreenOptions): HTMLElement {
  const inputs = fields.map(({ name, hint, attributes }) =>
    element('input', {
      id: name,
      name,
      required: true,
      'aria-describedby': hint === undefined ? undefined : `${name}-hint`,
      ...attributes
    })
  )
  const problem = element('p', { class: 'alert', role: 'alert', tabindex: -1, hidden: true })
  const button = element('button', { class: 'button', type: 'submit' }, submit)
  const form = element(
    'form',
    {},
    ...fields.flatMap(({ name, label, hint }, index) => [
      element('label', { for: name }, label),
      inputs[index],
      hint === undefined ? undefined : element('p', { class: 'hint', id: `${name}-hint` }, hint)
    ]),
    consent === undefined
      ? undefined
      : element(
          'label',
          { class: 'consent' },
          element('input', { type: 'checkbox', name: 'consent', required: true }),
          element('span', {}, consent)
        ),
    button
  )

  const send = async () => {
    setAttributes(button, { 'aria-disabled': 'true' })
    problem.hidden = true
    try {
      await onSubmit(Object.fromEntries(inputs.map(({ name, value }) => [name, value])))
    } catch (error) {
      problem.hidden = false
      problem.textContent = sentenceOf(error)
      problem.focus()
    }
    setAttributes(button, { 'aria-disabled': undefined })
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    if (button.getAttribute('aria-disabled') === null) void send()
  })

  const screen = entranceScreen(
    element('h1', {}, title),
    element('p', { class: 'lead' }, lead),
    problem,
    form,
    element('p', { class: 'links' }, ...links)
  )
  // Focus the first empty field.
  queueMicrotask(() => (inputs.find(({ value }) => value === '') ?? button).focus())
  return screen
}

/** The frame of every screen before signing in. */
export function entranceScreen (...content: Child[]): HTMLElement {
  return element(
    'div',
    { class: 'entrance' },
    element('header', {}, element('a', { class: 'brand', href: '/' }, mark(), 'Confab')),
    element('main', { class: 'card' }, ...content)
  )
}
