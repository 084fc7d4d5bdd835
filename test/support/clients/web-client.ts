/** What a user does in the web client. */
import type { Locator, Page } from 'playwright-core'
import type { Registration } from '../data/accounts.ts'
import type { AnyLocator, AnyPage } from './any-page.ts'

/** Fills a form by the labels of its fields. */
export async function fill (page: AnyPage, values: Record<string, string>): Promise<void> {
  for (const [label, value] of Object.entries(values)) await page.getByLabel(label, { exact: true }).fill(value)
}

/** Signs in on the screen for that. */
export async function signInAs (page: AnyPage, { username, password }: Registration): Promise<void> {
  await fill(page, { 'Username or e-mail address': username, Password: password })
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'New chat' }).first().waitFor()
}

/** The texts of the open chat. */
export function bubbles (page: Page): Locator
export function bubbles (page: AnyPage): AnyLocator
export function bubbles (page: AnyPage): AnyLocator {
  return page.locator('.bubble .message-text')
}

/** A chat in the list. */
export function chatLink (page: Page, name: string): Locator
export function chatLink (page: AnyPage, name: string): AnyLocator
export function chatLink (page: AnyPage, name: string): AnyLocator {
  return page.locator('.chat', { hasText: name })
}

/** Writes in the open chat, and sends it. */
export async function write (page: AnyPage, name: string, text: string): Promise<void> {
  const field = page.getByLabel(`Message to ${name}`)
  await field.fill(text)
  await field.press('Enter')
}

/** Typing is told to those alone who follow the chat by then, and not with every key. */
const TYPING_MS = 3_500

/** Presses keys in the field of a chat until the sign of it is there. */
export async function type (field: AnyLocator, sign: AnyLocator): Promise<void> {
  for (let triesLeft = 8; triesLeft > 0; triesLeft -= 1) {
    await field.press('a')
    try {
      await sign.waitFor({ timeout: TYPING_MS })
      return
    } catch (error) {
      if (triesLeft === 1) throw error
    }
  }
}

/** Signs out, by way of the settings. */
export async function signOut (page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Your account' }).click()
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
}
