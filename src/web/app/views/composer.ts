/**
 * The input for a message. Enter sends it, Shift+Enter inserts a line break; on a touch screen Enter inserts one, too.
 */
import { element, setAttributes } from '../dom.ts'
import { icon } from '../icons.ts'

const MAX_LENGTH = 4_000
const MAX_HEIGHT_PX = 168

/** The input and its button. */
export class Composer {
  readonly view: HTMLFormElement
  readonly #input: HTMLTextAreaElement
  readonly #button: HTMLElement
  readonly #onSend: (text: string) => void

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
      maxlength: MAX_LENGTH,
      placeholder: 'Write a message',
      'aria-label': `Message to ${name}`,
      dir: 'auto'
    })
    this.#button = element(
      'button',
      { class: 'round send', type: 'submit', 'aria-label': 'Send', title: 'Send' },
      icon('send')
    )
    this.view = element(
      'form',
      { class: 'composer' },
      element('div', { class: 'composing' }, element('div', { class: 'write' }, this.#input), this.#button)
    )
    this.#input.value = draft
    this.#fit()
    this.#input.addEventListener('input', () => {
      onDraft(this.#input.value)
      this.#fit()
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

  /** Fits the height to the text, once the input is in the document. */
  fit (): void {
    this.#fit()
  }

  #send (): void {
    const text = this.#input.value.trim()
    this.#input.focus()
    if (text === '') return
    this.#input.value = ''
    this.#input.dispatchEvent(new Event('input'))
    this.#onSend(text)
  }

  #fit (): void {
    this.#input.style.height = 'auto'
    this.#input.style.height = `${String(Math.min(this.#input.scrollHeight, MAX_HEIGHT_PX))}px`
    setAttributes(this.#button, { 'data-empty': this.#input.value.trim() === '' })
  }
}
