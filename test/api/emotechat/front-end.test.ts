/** What a user does in EmoteChat's front end, in a browser. */
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { openPage, withBrowser } from '../../support/clients/browser.ts'
import { fill } from '../../support/clients/web-client.ts'
import { type EmoteRegistration, newEmoteRegistration } from '../../support/data/emotechat.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEachDeployment } from '../../support/servers/deployments.ts'
import { serveEmotechatPage } from '../../support/servers/emotechat-page.ts'

const INJECTED = '<img src=x onerror="window.injected = true"><b>bold</b> & "quoted"'

const pageOrigin = await serveEmotechatPage(t)

await onEachDeployment(t, async (t, cluster) => {
  await withBrowser(t, 'in Chromium', (t, browser) => talk(t, browser, cluster))
}, { environment: { CORS_ORIGINS: pageOrigin } })

async function talk (t: Test, browser: Browser, cluster: Cluster): Promise<void> {
  const [emma, max] = [newEmoteRegistration(), newEmoteRegistration()]
  for (const { password } of [emma, max]) cluster.secrets.add(password)
  const pages = [await enter(t, browser, cluster, emma, 0), await enter(t, browser, cluster, max, 1)] as const
  const [ofEmma, ofMax] = pages
  // Max was not there yet when Emma loaded the list.
  await ofEmma.reload()
  await talkTo(ofEmma, max)
  await talkTo(ofMax, emma)

  await send(ofEmma, INJECTED)
  for (const page of pages) await page.locator('#messages li', { hasText: INJECTED }).waitFor()
  await send(ofMax, 'and back')
  for (const page of pages) await page.locator('#messages li', { hasText: 'and back' }).waitFor()

  for (const [index, page] of pages.entries()) {
    await page.reload()
    await talkTo(page, index === 0 ? max : emma)
    const items = page.locator('#messages li')
    t.strictSame(await items.allTextContents(), [INJECTED, 'and back'], 'a reload shows the same')
    t.equal(await page.locator('#messages li.own').textContent(), index === 0 ? INJECTED : 'and back')
    t.equal(await page.locator('#messages img, #messages b').count(), 0, 'a message is no markup')
    t.equal(await page.evaluate('window.injected'), undefined, 'and nothing of it runs')
  }
}

/** Registers and logs in. */
async function enter (
  t: Test,
  browser: Browser,
  cluster: Cluster,
  { name, email, password }: EmoteRegistration,
  replica: number
): Promise<Page> {
  const page = await openPage(t, browser, `${pageOrigin}/?api=${cluster.replica(replica).url}`)
  await fill(page, { Name: name, 'E-mail': email, Password: password })
  await page.getByRole('button', { name: 'Register' }).click()
  await page.getByText('Registered').waitFor()
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByText(`Signed in as ${name}`).waitFor()
  const cookies = await page.context().cookies()
  for (const { value } of cookies) cluster.secrets.add(decodeURIComponent(value).replace('Bearer ', ''))
  return page
}

async function talkTo (page: Page, { name }: EmoteRegistration): Promise<void> {
  await page.getByRole('button', { name }).click()
  await page.getByText(`Talking to ${name}`).waitFor()
}

async function send (page: Page, text: string): Promise<void> {
  await page.getByLabel('Message').fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
}
