/** The client library as a browser has it, in a page. */
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import type { Test } from 'tap'
import { ROOT } from '../servers/process.ts'
import { openPage, type PageOptions } from './browser.ts'

/** Where pages find the modules of the library; no server has them there. */
const MODULES = '/library/client/'

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
    url, library = `${MODULES}chatcli/index.js`, client = '{ url: location.origin }', ...options
  }: ClientPageOptions
): Promise<ClientPage> {
  const page = await openPage(t, browser, url, options)
  await page.route(`**${MODULES}**`, async (route) => {
    const module = new URL(route.request().url()).pathname.slice(MODULES.length)
    await route.fulfill({ path: path.join(ROOT, 'dist', 'browser', 'client', module) })
  })
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
