/**
 * Where a message is written. Enter sends it, with Shift it begins a line; on a touch screen it always begins a line.
 */
import { element, setAttributes } from '../dom.ts'
import { icon } from '../icons.ts'

const MAX_LENGTH = 4_000
const MAX_HEIGHT_PX = 168

/** The field and its button. */
export class Composer {
  readonly view: HTMLFormElement
  readonly #input: HTMLTextAreaElement
  readonly #button: HTMLElement
  readonly #onSend: (text: string) => void

  /** @param draft what was written before and not sent */
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

  /** Puts the cursor into the field. */
  focus (): void {
    this.#input.focus()
  }

  /** Measures the text, once the field is in the document. */
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
