/** WebDriver over HTTP (https://www.w3.org/TR/webdriver2/): the commands that tests use. */
import { isRecord, textAt } from '../data/json.ts'

/** The name of an element's id in JSON. */
export const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'

/** Keys that are no characters, as code points of their own. */
const KEYS: Record<string, string> = {
  Backspace: '\uE003', Tab: '\uE004', Enter: '\uE007', Shift: '\uE008', Control: '\uE009', Alt: '\uE00A',
  Escape: '\uE00C', ArrowLeft: '\uE012', ArrowUp: '\uE013', ArrowRight: '\uE014', ArrowDown: '\uE015'
}

/** A command that the driver has refused. */
export class WebDriverError extends Error {
  /** What is wrong, e.g. `stale element reference`. */
  readonly code: string

  constructor (code: string, message: string) {
    super(`${code}: ${message}`)
    this.code = code
  }
}

/** Calls a driver. @returns the value of its answer */
export async function command (url: string, method: 'GET' | 'POST' | 'DELETE', body?: unknown): Promise<unknown> {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) })
  })
  const json: unknown = await answer.json()
  const value = isRecord(json) ? json['value'] : undefined
  if (!answer.ok) throw new WebDriverError(textAt(value, 'error'), textAt(value, 'message'))
  return value
}

/** A browser that is driven. */
export class WebDriverSession {
  readonly #url: string

  private constructor (url: string) {
    this.#url = url
  }

  /** Starts a browser. @param driver the URL of the driver */
  static async open (driver: string, capabilities: Record<string, unknown>): Promise<WebDriverSession> {
    const value = await command(`${driver}/session`, 'POST', { capabilities: { alwaysMatch: capabilities } })
    return new WebDriverSession(`${driver}/session/${textAt(value, 'sessionId')}`)
  }

  /** Ends the browser. */
  async close (): Promise<void> {
    await command(this.#url, 'DELETE')
  }

  async goTo (url: string): Promise<void> {
    await this.#post('/url', { url })
  }

  async reload (): Promise<void> {
    await this.#post('/refresh', {})
  }

  async resize (width: number, height: number): Promise<void> {
    await this.#post('/window/rect', { x: 0, y: 0, width, height })
  }

  /** A PNG of what is shown. */
  async screenshot (): Promise<Buffer> {
    const picture = await command(`${this.#url}/screenshot`, 'GET')
    return Buffer.from(typeof picture === 'string' ? picture : '', 'base64')
  }

  /** Runs the body of a function in the page. */
  async run (script: string, ...args: unknown[]): Promise<unknown> {
    return this.#post('/execute/sync', { script, args })
  }

  async click (element: string): Promise<void> {
    await this.#post(`/element/${element}/click`)
  }

  /** Types into an element, or chooses a file by its path. */
  async send (element: string, text: string): Promise<void> {
    await this.#post(`/element/${element}/value`, { text })
  }

  /** Moves the mouse over an element. */
  async hover (element: string): Promise<void> {
    const move = { type: 'pointerMove', duration: 0, origin: { [ELEMENT]: element }, x: 0, y: 0 }
    await this.#post('/actions', {
      actions: [{ type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions: [move] }]
    })
  }

  /** Presses keys at once, such as `Control+k`. */
  async press (keys: string): Promise<void> {
    const values = keys.split('+').map(keyOf)
    await this.#post('/actions', {
      actions: [{
        type: 'key',
        id: 'keyboard',
        actions: [
          ...values.map((value) => ({ type: 'keyDown', value })),
          ...values.reverse().map((value) => ({ type: 'keyUp', value }))
        ]
      }]
    })
  }

  async #post (path: string, body: unknown = {}): Promise<unknown> {
    return command(`${this.#url}${path}`, 'POST', body)
  }
}

/** The code point of a key, or the character itself. */
export function keyOf (name: string): string {
  return KEYS[name] ?? name
}
