/** HTML that cannot be injected into: text is escaped unless it came out of {@link html} itself. */

class SafeHtml {
  readonly #text: string

  constructor (text: string) {
    this.#text = text
  }

  toString (): string {
    return this.#text
  }
}

/** Markup made by {@link html}. The class behind it stays here, so that no plain string can pass for it. */
export type Html = SafeHtml

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' }

/**
 * Tagged template: the literal is markup, interpolated strings and numbers are escaped for element content and for
 * quoted attributes, {@link Html} and arrays of it are taken as they are. Not for unquoted attributes, URLs with a
 * scheme from outside, or the inside of `style` and `script`, where escaping is not enough.
 */
export function html (literals: TemplateStringsArray, ...values: (string | number | Html | readonly Html[])[]): Html {
  return new SafeHtml(literals.map((literal, index) => {
    const value = values[index - 1]
    return value === undefined ? literal : render(value) + literal
  }).join(''))
}

function render (value: string | number | Html | readonly Html[]): string {
  if (value instanceof SafeHtml) return value.toString()
  if (typeof value === 'object') return value.map(String).join('')
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}
