/** The main screen on displays and with settings that few people have. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { accessibilityFaults, openPage, withBrowser } from '../../support/clients/browser.ts'
import { bubbles, chatLink, signInAs, write } from '../../support/clients/web-client.ts'
import { type Account, createChat, register } from '../../support/data/accounts.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

const TEXT = 'A text that is longer than a line of a narrow window, with averyveryverylongwordthatdoesnotend in it'

/** A display, and how the page is made to look there. */
type Display = { options?: BrowserContextOptions, root?: Readonly<Record<string, string>> }

const DISPLAYS: Readonly<Record<string, Display>> = {
  'right to left': { root: { dir: 'rtl' } },
  // 1,280 × 800 pixels at 200 % are 640 × 400 for the page.
  'zoomed to 200 %': { options: { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 } },
  // WCAG 2.2, 1.4.10: no need to scroll in two directions at 320 pixels, 1,280 at 400 %.
  'zoomed to 400 %': { options: { viewport: { width: 320, height: 256 }, deviceScaleFactor: 4 } },
  'with huge letters': { root: { 'data-text': 'huge' } },
  'with more contrast': { options: { contrast: 'more' } },
  'with the colours of the system': { options: { forcedColors: 'active' } },
  'by night, with more contrast': { options: { contrast: 'more', colorScheme: 'dark' } }
}

/** Selectors of what sticks out of the window, or is cut off by it. */
const STICKING_OUT = `[...document.querySelectorAll('main *')].filter((element) => {
  const { left, right, width } = element.getBoundingClientRect()
  return width > 0 && (left < -1 || right > innerWidth + 1) && element.closest('.unseen, .skip-link') === null
}).map(({ tagName, className }) => tagName + ' ' + String(className))`

t.setTimeout(300_000)

await onEmbedded(t, async (t, cluster) => {
  await withBrowser(t, 'in Chromium', async (t, browser) => {
    const [ann, bob] = [await register(cluster), await register(cluster)]
    await createChat(cluster, ann, bob)
    for (const [name, display] of Object.entries(DISPLAYS))
      await t.test(name, (t) => look(t, browser, cluster.replica(0).url, { ann, bob, display }))
  })
})

type Case = { ann: Account, bob: Account, display: Display }

async function look (t: Test, browser: Browser, url: string, { ann, bob, display }: Case): Promise<void> {
  const page = await openPage(t, browser, `${url}/app`, display.options)
  for (const [attribute, value] of Object.entries(display.root ?? {}))
    await page.evaluate(`document.documentElement.setAttribute('${attribute}', '${value}')`)
  await signInAs(page, ann)
  await chatLink(page, bob.username).waitFor()
  await expectFine(t, page, 'the list')
  await chatLink(page, bob.username).click()
  const before = await bubbles(page).count()
  await write(page, bob.username, TEXT)
  await bubbles(page).nth(before).waitFor()
  await expectFine(t, page, 'a chat')
  const field = await page.getByLabel(`Message to ${bob.username}`).boundingBox()
  const height = page.viewportSize()?.height ?? 0
  t.ok(field !== null && field.y >= 0 && field.y + field.height <= height, 'the field is in view')
  await page.getByRole('button', { name: bob.username, exact: true }).click()
  await page.locator('.pane-panel').getByRole('heading', { name: 'Details' }).waitFor()
  await expectFine(t, page, 'the details')
}

async function expectFine (t: Test, page: Page, title: string): Promise<void> {
  t.strictSame(await accessibilityFaults(page), [], `axe finds nothing: ${title}`)
  t.strictSame(await page.evaluate(STICKING_OUT), [], `nothing sticks out: ${title}`)
}
