/**
 * Every component in each of its states looks as it did when somebody looked at it. After a wanted change:
 *
 *     node build.js test && CONFAB_KEEP_PICTURES=1 node dist-test/run.js styleguide
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { differenceFromKept } from '../../support/checks/pictures.ts'
import { accessibilityFaults, openPage, withBrowser } from '../../support/clients/browser.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

const FONT = createRequire(import.meta.url)
  .resolve('@fontsource-variable/inter/files/inter-latin-wght-normal.woff2')
const DISPLAYS: Readonly<Record<string, BrowserContextOptions & { direction?: 'rtl' }>> = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  contrast: { contrast: 'more' },
  'right-to-left': { direction: 'rtl' },
  phone: { viewport: { width: 390, height: 844 } }
}

t.setTimeout(120_000)

/** Machines have different fonts, and draw different letters. */
async function useOwnFont (page: Page): Promise<void> {
  const font = (await readFile(FONT)).toString('base64')
  await page.addStyleTag({
    content: `@font-face { font-family: Own; src: url(data:font/woff2;base64,${font}); font-weight: 100 900 }
      :root { --font: Own !important } *, ::before, ::after { animation: none !important; caret-color: transparent }`
  })
  await page.evaluate('document.fonts.load("16px Own").then(() => document.fonts.ready).then(() => undefined)')
}

async function openGuide (t: Test, browser: Browser, url: string, name: string): Promise<Page> {
  const { direction, ...options } = DISPLAYS[name] ?? {}
  const page = await openPage(t, browser, `${url}/app#/styleguide`, {
    viewport: { width: 1000, height: 800 }, bypassCSP: true, ...options
  })
  await page.getByRole('heading', { name: 'Style guide' }).waitFor()
  if (direction !== undefined) await page.evaluate(`document.documentElement.dir = "${direction}"`)
  await useOwnFont(page)
  return page
}

await onEmbedded(t, async (t, cluster) => {
  await withBrowser(t, 'in Chromium', async (t, browser) => {
    for (const name of Object.keys(DISPLAYS)) {
      await t.test(name, async (t) => {
        const page = await openGuide(t, browser, cluster.replica(0).url, name)
        t.strictSame(await accessibilityFaults(page), [], 'axe finds nothing')
        const picture = await page.screenshot({ fullPage: true })
        t.equal(await differenceFromKept(`styleguide-${name}`, picture), undefined, 'it looks as it did')
      })
    }
  })
})
