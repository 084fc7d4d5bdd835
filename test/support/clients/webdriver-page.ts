/** A page that WebDriver drives, used as Playwright's pages are. */
import { setTimeout as delay } from 'node:timers/promises'
import { at, listAt } from '../data/json.ts'
import type { AnyLocator, AnyPage } from './any-page.ts'
import { FIND, type Step } from './find-elements.ts'
import { ELEMENT, keyOf, WebDriverError, type WebDriverSession } from './webdriver.ts'

const DEADLINE_MS = 30_000
const RETRY_MS = 50
/** The page has changed since the element was found, or is about to. */
const PASSING = new Set(['stale element reference', 'element not interactable', 'element click intercepted'])
/** Puts the focus into a field and a text in place of what is there, as typing does. */
const FILL = `const [field, text] = arguments
field.focus()
field.select()
document.execCommand(text === '' ? 'delete' : 'insertText', false, text)`
const TEXTS = `return (${FIND})(arguments[0]).map(({ textContent }) => textContent)`
const ELEMENTS = `return (${FIND})(arguments[0])`
const SEEN = `return (${FIND})(arguments[0]).filter((element) => element.checkVisibility())`
const SHOW = 'arguments[0].scrollIntoView({ block: "nearest", behavior: "instant" })'

/** Notes what goes wrong in the page from now on. */
const WATCH = `window.faults = []
addEventListener('error', ({ message }) => faults.push('error: ' + message))
addEventListener('unhandledrejection', ({ reason }) => faults.push('rejected: ' + reason))
addEventListener('securitypolicyviolation', ({ violatedDirective }) => faults.push('policy: ' + violatedDirective))`

/** Elements of a page. */
class WebDriverLocator implements AnyLocator {
  readonly #session: WebDriverSession
  readonly #steps: readonly Step[]

  constructor (session: WebDriverSession, steps: readonly Step[]) {
    this.#session = session
    this.#steps = steps
  }

  locator (css: string, { hasText }: { hasText?: string } = {}): AnyLocator {
    return this.#then({ css, ...(hasText !== undefined && { hasText }) })
  }

  getByLabel (label: string, { exact = false } = {}): AnyLocator {
    return this.#then({ css: 'input, textarea, select, [aria-label]', name: label, exact })
  }

  getByText (text: string): AnyLocator {
    return this.#then({ css: '*', hasText: text, isInnermost: true })
  }

  getByRole (
    role: 'button' | 'heading' | 'menuitem' | 'dialog', { name, exact = false }: { name: string, exact?: boolean }
  ): AnyLocator {
    return this.#then({ role, name, exact })
  }

  first (): AnyLocator {
    return this.nth(0)
  }

  nth (index: number): AnyLocator {
    return this.#then({ index })
  }

  async waitFor (
    { timeout = DEADLINE_MS, state = 'visible' }: { timeout?: number, state?: 'visible' | 'hidden' } = {}
  ): Promise<void> {
    if (state === 'visible') await this.#one(SEEN, timeout)
    else await this.#until((elements) => elements.length === 0 ? true : undefined, SEEN, timeout)
  }

  async click (): Promise<void> {
    await this.#act((element) => this.#session.click(element))
  }

  async hover (): Promise<void> {
    await this.#act(async (element) => {
      await this.#session.run(SHOW, { [ELEMENT]: element })
      await this.#session.hover(element)
    })
  }

  async fill (text: string): Promise<void> {
    await this.#act((element) => this.#session.run(FILL, { [ELEMENT]: element }, text))
  }

  async press (key: string): Promise<void> {
    await this.#act((element) => this.#session.send(element, keyOf(key)))
  }

  async setInputFiles (file: string): Promise<void> {
    await this.#session.send(await this.#one(ELEMENTS, DEADLINE_MS), file)
  }

  async count (): Promise<number> {
    return (await this.allTextContents()).length
  }

  async allTextContents (): Promise<string[]> {
    return listAt(await this.#session.run(TEXTS, this.#steps)).map(String)
  }

  #then (step: Step): WebDriverLocator {
    return new WebDriverLocator(this.#session, [...this.#steps, step])
  }

  /** Does something with the element once it can be done. */
  async #act (act: (element: string) => Promise<unknown>): Promise<void> {
    const end = Date.now() + DEADLINE_MS
    for (;;) {
      const element = await this.#one(SEEN, end - Date.now())
      try {
        await act(element)
        return
      } catch (error) {
        if (!(error instanceof WebDriverError && PASSING.has(error.code)) || Date.now() > end) throw error
        await delay(RETRY_MS)
      }
    }
  }

  async #one (script: string, timeoutMs: number): Promise<string> {
    return this.#until(([element, ...others]) => {
      if (others.length > 0) throw new Error(`These are several: ${JSON.stringify(this.#steps)}`)
      return element
    }, script, timeoutMs)
  }

  async #until<Value> (
    read: (elements: string[]) => Value | undefined, script: string, timeoutMs: number
  ): Promise<Value> {
    const end = Date.now() + timeoutMs
    for (;;) {
      const found = listAt(await this.#session.run(script, this.#steps))
      const value = read(found.map((element) => String(at(element, ELEMENT))))
      if (value !== undefined) return value
      if (Date.now() > end) throw new Error(`Waited in vain for ${JSON.stringify(this.#steps)}.`)
      await delay(RETRY_MS)
    }
  }
}

/** A page. */
export class WebDriverPage extends WebDriverLocator implements AnyPage {
  readonly keyboard: AnyPage['keyboard']
  readonly #session: WebDriverSession
  readonly #faults: string[] = []

  constructor (session: WebDriverSession) {
    super(session, [])
    this.#session = session
    this.keyboard = { press: (keys) => session.press(keys) }
  }

  async open (url: string): Promise<void> {
    await this.#session.goTo(url)
    await this.#session.run(WATCH)
  }

  /** Loads the page again. */
  async reload (): Promise<void> {
    await this.faults()
    await this.#session.reload()
    await this.#session.run(WATCH)
  }

  /** What has gone wrong in the page since it was opened. */
  async faults (): Promise<readonly string[]> {
    this.#faults.push(...listAt(await this.#session.run('return window.faults.splice(0)')).map(String))
    return this.#faults
  }
}
