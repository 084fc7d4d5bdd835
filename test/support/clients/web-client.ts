/** What a user does in the web client. */
import type { Locator, Page } from 'playwright-core'
import type { Registration } from '../data/accounts.ts'

/** Fills a form by the labels of its fields. */
export async function fill (page: Page, values: Record<string, string>): Promise<void> {
  for (const [label, value] of Object.entries(values)) await page.getByLabel(label, { exact: true }).fill(value)
}

/** Signs in on the screen for that. */
export async function signInAs (page: Page, { username, password }: Registration): Promise<void> {
  await fill(page, { Username: username, Password: password })
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'New chat' }).first().waitFor()
}

/** The texts of the open chat. */
export const bubbles = (page: Page): Locator => page.locator('.bubble p')

/** A chat in the list. */
export const chatLink = (page: Page, name: string): Locator => page.locator('.chat', { hasText: name })

/** Writes in the open chat, and sends it. */
export async function write (page: Page, name: string, text: string): Promise<void> {
  const field = page.getByLabel(`Message to ${name}`)
  await field.fill(text)
  await field.press('Enter')
}
