/** The client library as a browser has it, in a page. */
import type { Browser, Page } from 'playwright-core'
import type { Test } from 'tap'
import { openPage, type PageOptions } from './browser.ts'

/** A page with a client in it. */
export type ClientPage = {
  page: Page
  /**
   * Runs an expression in the page, where `client` is the client; `messages`, `tokens` and `states` are what it has
   * emitted, and `ConfabClient` makes another one.
   */
  run: (expression: string) => Promise<unknown>
}

/** Where the page and the library are, and the options of the client as an object in JavaScript. */
export type ClientPageOptions = PageOptions & { url: string, library?: string, client?: string }

/** Opens a page, and makes a client in it. */
export async function openClientPage (
  t: Test,
  browser: Browser,
  {
    url, library = '/app/assets/client/chatcli/index.js', client = '{ url: location.origin }', ...options
  }: ClientPageOptions
): Promise<ClientPage> {
  const page = await openPage(t, browser, url, options)
  await page.evaluate(`(async () => {
    const { ConfabClient } = await import('${library}')
    const client = new ConfabClient({ backoff: { baseMs: 20, maxMs: 200 }, ...${client} })
    const here = window.remote = { ConfabClient, client, messages: [], tokens: [], states: [] }
    client.on('message', (message) => here.messages.push(message))
    client.on('tokens', (tokens) => here.tokens.push(tokens))
    client.on('state', (state) => here.states.push(state))
  })()`)
  return {
    page,
    run: (expression) =>
      page.evaluate(`(async ({ ConfabClient, client, messages, tokens, states }) => ${expression})(window.remote)`)
  }
}
