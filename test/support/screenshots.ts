/**
 * `npm run screenshots`: the pictures of the README, taken of the people of the demo. With fonts-inter they look as
 * they do there.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { loadConfig } from '../../src/config/config.ts'
import { MAYA, PASSWORD } from '../../src/demo/people.ts'
import { seed } from '../../src/demo/seed.ts'
import { startReplica } from '../../src/server/replica.ts'
import { startBrowser } from './clients/browser.ts'
import { chatLink, signInAs } from './clients/web-client.ts'
import { eventually } from './deadline.ts'
import { freePort } from './servers/process.ts'

const FOLDER = path.join('docs', 'images')
const DESKTOP = { viewport: { width: 1200, height: 750 }, colorScheme: 'light' } as const
const DARK = { ...DESKTOP, colorScheme: 'dark' } as const
const PHONE = { viewport: { width: 390, height: 780 }, colorScheme: 'dark', isMobile: true, hasTouch: true } as const

/** A picture: where it is stored, how the page looks, and what is done until it is taken. */
type Picture = { file: string, options: BrowserContextOptions, open: (page: Page) => Promise<unknown> }

async function openChat (page: Page, name: string): Promise<void> {
  await chatLink(page, name).click()
  await page.locator('.message').last().waitFor()
}

async function openChatWithPictures (page: Page): Promise<void> {
  await openChat(page, 'Ridge survey')
  // Pictures arrive later than the messages that they are in.
  await page.locator('.picture img').first().waitFor()
  const areLoaded = '[...document.images].every(({ complete, naturalWidth }) => complete && naturalWidth > 0)'
  if (!await eventually(async () => await page.evaluate(areLoaded) === true)) throw new Error('A picture is missing.')
}

const PICTURES: readonly Picture[] = [
  { file: 'desktop.png', options: DESKTOP, open: openChatWithPictures },
  { file: 'phone.png', options: PHONE, open: (page) => openChat(page, 'Release 4.0') },
  {
    file: 'thread.png', options: DARK,
    open: async (page) => {
      await openChatWithPictures(page)
      await page.getByRole('link', { name: '3 replies' }).click()
      await page.getByText('Only if huts stay readable').waitFor()
    }
  },
  {
    file: 'search.png', options: DESKTOP,
    open: async (page) => {
      await openChat(page, 'Release 4.0')
      await page.keyboard.press('Control+Shift+F')
      await page.getByRole('search').getByRole('searchbox').fill('notes')
      await page.locator('mark').first().waitFor()
    }
  },
  {
    file: 'members.png', options: DESKTOP,
    open: async (page) => {
      await openChat(page, 'Town square')
      await page.getByRole('button', { name: 'Town square', exact: true }).click()
      await page.locator('.pane-panel').getByRole('button', { name: 'Members' }).click()
      await page.locator('.pane-panel').getByText('Gremlin').waitFor()
    }
  },
  {
    file: 'phone-list.png', options: { ...PHONE, colorScheme: 'light' },
    open: (page) => chatLink(page, 'Town square').waitFor()
  }
]

async function take (browser: Browser, url: string, { file, options, open }: Picture): Promise<void> {
  const context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  await page.goto(`${url.replace('127.0.0.1', 'localhost')}/app`)
  await signInAs(page, { ...MAYA, password: PASSWORD })
  await open(page)
  await page.screenshot({ path: path.join(FOLDER, file) })
  await context.close()
}

const enders: (() => unknown)[] = []
try {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'confab-screenshots-'))
  enders.push(() => rm(dataDir, { recursive: true, force: true }))
  const replica = await startReplica(
    loadConfig({
      HOST: '127.0.0.1',
      PORT: String(await freePort()),
      DATA_DIR: dataDir,
      MAIL_TRANSPORT: 'file',
      RATE_LIMITS: 'off',
      SEARCH: 'on',
      LOG_LEVEL: 'error'
    })
  )
  enders.push(() => replica.close())
  const team = await seed(replica.url, path.join(dataDir, 'outbox.jsonl'))
  enders.push(() => team.close())
  const browser = await startBrowser({ teardown: (end) => enders.push(end) })
  await mkdir(FOLDER, { recursive: true })
  for (const picture of PICTURES) await take(browser, replica.url, picture)
} finally {
  for (const end of enders.reverse()) await end()
}
