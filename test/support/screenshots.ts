/**
 * `npm run screenshots`: the pictures of the README, taken of the people of the demo. With fonts-inter they look as
 * they do there.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Browser, BrowserContextOptions } from 'playwright-core'
import { loadConfig } from '../../src/config/config.ts'
import { PASSWORD } from '../../src/demo/people.ts'
import { seed } from '../../src/demo/seed.ts'
import { startReplica } from '../../src/server/replica.ts'
import { startBrowser } from './clients/browser.ts'

const FOLDER = path.join('docs', 'images')
const DESKTOP = { viewport: { width: 1200, height: 750 }, colorScheme: 'light' } as const
const PHONE = { viewport: { width: 390, height: 780 }, colorScheme: 'dark', isMobile: true, hasTouch: true } as const

type Picture = { file: string, who: string, withWhom: string, options: BrowserContextOptions }

const PICTURES: readonly Picture[] = [
  { file: 'desktop.png', who: 'Maya', withWhom: 'Ben', options: DESKTOP },
  { file: 'phone.png', who: 'Maya', withWhom: 'Zoe', options: PHONE }
]

async function take (browser: Browser, url: string, { file, who, withWhom, options }: Picture): Promise<void> {
  const context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  await page.goto(`${url}/app`)
  await page.getByLabel('Username').fill(who)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: new RegExp(`^${withWhom} `) }).click()
  await page.locator('.said').last().waitFor()
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
      PORT: '0',
      DATA_DIR: dataDir,
      MAIL_TRANSPORT: 'file',
      RATE_LIMITS: 'off',
      LOG_LEVEL: 'error'
    })
  )
  enders.push(() => replica.close())
  await seed(replica.url, path.join(dataDir, 'outbox.jsonl'))
  const browser = await startBrowser({ teardown: (end) => enders.push(end) })
  await mkdir(FOLDER, { recursive: true })
  for (const picture of PICTURES) await take(browser, replica.url, picture)
} finally {
  for (const end of enders.reverse()) await end()
}
