/**
 * The input for a message. Enter sends it, Shift+Enter inserts a line break; on a touch screen Enter inserts one, too.
 */
import { isBlank } from '../../../client/chatcli/index.ts'
import { announce } from '../announcer.ts'
import { element, setAttributes } from '../dom.ts'
import { icon } from '../icons.ts'

/** Longest text that the server stores, in UTF-16 code units. */
const MAX_LENGTH = 4_000
/** From this length on it is counted before the user's eyes. */
const COUNTED_LENGTH = 3_600
const COUNTER_ID = 'message-length'
const NUMBER = new Intl.NumberFormat()

/** The input, its counter and its button. */
export class Composer {
  readonly view: HTMLFormElement
  readonly #input: HTMLTextAreaElement
  /** Has the text, so that the style gives input and box its height without a measurement. */
  readonly #box: HTMLElement
  readonly #counter = element('p', { class: 'counter', id: COUNTER_ID, hidden: true })
  readonly #button: HTMLElement
  readonly #onSend: (text: string) => void
  #isTooLong = false

  /** @param draft text that was written earlier and not sent */
  constructor ({
    name,
    draft,
    onSend,
    onDraft,
    onLeave
  }: {
    name: string
    draft: string
    onSend: (text: string) => void
    onDraft: (text: string) => void
    onLeave: () => void
  }) {
    this.#onSend = onSend
    this.#input = element('textarea', {
      id: 'message',
      rows: 1,
      placeholder: 'Write a message',
      'aria-label': `Message to ${name}`,
      dir: 'auto'
    })
    this.#box = element('div', { class: 'write' }, this.#input)
    this.#button = element(
      'button',
      { class: 'round send', type: 'submit', 'aria-label': 'Send', title: 'Send' },
      icon('send')
    )
    this.view = element(
      'form',
      { class: 'composer' },
      element('div', { class: 'composing' }, this.#box, this.#button),
      this.#counter
    )
    this.#input.value = draft
    this.#update()
    this.#input.addEventListener('input', () => {
      onDraft(this.#input.value)
      this.#update()
    })
    this.#input.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') onLeave()
      const isLine = event.shiftKey || event.isComposing || matchMedia('(pointer: coarse)').matches
      if (event.key !== 'Enter' || isLine) return
      event.preventDefault()
      this.#send()
    })
    this.view.addEventListener('submit', (event) => {
      event.preventDefault()
      this.#send()
    })
  }

  /** Focuses the input. */
  focus (): void {
    this.#input.focus()
  }

  get #text (): string {
    return this.#input.value.trim()
  }

  #send (): void {
    const text = this.#text
    this.#input.focus()
    if (isBlank(text)) return
    if (text.length > MAX_LENGTH) {
      announce(excessOf(text))
      return
    }
    this.#input.value = ''
    this.#input.dispatchEvent(new Event('input'))
    this.#onSend(text)
  }

  #update (): void {
    const text = this.#text
    const isTooLong = text.length > MAX_LENGTH
    setAttributes(this.#box, { 'data-text': this.#input.value })
    setAttributes(this.#button, { 'data-empty': isBlank(text) || isTooLong })
    this.#counter.hidden = text.length < COUNTED_LENGTH
    this.#counter.textContent = isTooLong
      ? excessOf(text)
      : `${NUMBER.format(text.length)} of ${NUMBER.format(MAX_LENGTH)} characters`
    setAttributes(this.#counter, { 'data-excess': isTooLong })
    setAttributes(this.#input, {
      'aria-describedby': this.#counter.hidden ? undefined : COUNTER_ID,
      'aria-invalid': isTooLong ? 'true' : undefined
    })
    if (isTooLong && !this.#isTooLong) announce(excessOf(text))
    this.#isTooLong = isTooLong
  }
}

function excessOf (text: string): string {
  const excess = text.length - MAX_LENGTH
  const count = `${NUMBER.format(excess)} ${excess === 1 ? 'character' : 'characters'}`
  return `${count} too many: shorten the text, or send it in parts.`
}
