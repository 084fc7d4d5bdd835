/** Text as the page shows it. */
import { html, type Html } from '../../pages/html.ts'

/** A description: text between backticks is code. */
export function prose (text: string): Html {
  return html`${text.split('`').map((part, index) => (index % 2 === 0 ? html`${part}` : html`<code>${part}</code>`))}`
}

/** JSON, formatted as if written by hand. */
export function example (value: unknown): Html {
  return html`<pre tabindex="0"><code>${typeof value === 'string' ? value : JSON.stringify(value, undefined, 2)}</code></pre>`
}

/** A title with an anchor that links to itself. */
export function anchored (id: string, title: Html): Html {
  return html`<a class="anchor" href="#${id}">${title}</a>`
}
