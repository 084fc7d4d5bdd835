/** What tests do with a page in any browser: a part of Playwright's pages, which other drivers have, too. */

/** A name that an element has, or a part of it. */
type Name = { name: string, exact?: boolean }

/** Where elements are looked for. */
type Place = {
  locator: (css: string, options?: { hasText?: string }) => AnyLocator
  getByLabel: (label: string, options?: { exact?: boolean }) => AnyLocator
  getByText: (text: string) => AnyLocator
  getByRole: (role: 'button' | 'heading' | 'menuitem' | 'dialog', options: Name) => AnyLocator
}

/** Elements of a page, found anew with every use. */
export type AnyLocator = Place & {
  first: () => AnyLocator
  nth: (index: number) => AnyLocator
  /** Waits until there is just one, which can be seen. */
  waitFor: (options?: { timeout?: number, state?: 'visible' | 'hidden' }) => Promise<void>
  click: () => Promise<void>
  hover: () => Promise<void>
  fill: (text: string) => Promise<void>
  press: (key: string) => Promise<void>
  /** Chooses a file, by its path. */
  setInputFiles: (file: string) => Promise<void>
  count: () => Promise<number>
  allTextContents: () => Promise<string[]>
}

/** A page. */
export type AnyPage = Place & {
  keyboard: { press: (keys: string) => Promise<void> }
  reload: () => Promise<unknown>
}
