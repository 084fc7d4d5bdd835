/** Somebody with several tabs. */
import type { Page } from 'playwright-core'
import t, { type Test } from '../../support/tap.ts'
import { openPage, withBrowser } from '../../support/clients/browser.ts'
import { signUp } from '../../support/clients/visitor.ts'
import { bubbles, chatLink, signInAs, write } from '../../support/clients/web-client.ts'
import { eventually } from '../../support/deadline.ts'
import { withServices } from '../../support/servers/deployments.ts'
import { startWorld } from '../../support/servers/web-world.ts'

const DEADLINE_MS = 30_000

t.setTimeout(300_000)

/** Counts the open sockets of pages. */
class Sockets {
  readonly #pages: Page[] = []
  #open = 0

  watch (page: Page): void {
    this.#pages.push(page)
    let ofPage = 0
    page.on('websocket', (socket) => {
      this.#open++
      ofPage++
      socket.on('close', () => {
        this.#open--
        ofPage--
      })
    })
    page.on('close', () => {
      this.#open -= ofPage
      ofPage = 0
    })
  }

  async areOne (): Promise<boolean> {
    return eventually(async () => this.#open === 1, DEADLINE_MS)
  }
}

async function expectTexts (t: Test, pages: readonly Page[], texts: readonly string[]): Promise<void> {
  for (const page of pages) {
    const isRight = async () => (await page.locator('.is-sending').count()) === 0 &&
      (await bubbles(page).allTextContents()).join() === texts.join()
    t.ok(await eventually(isRight, DEADLINE_MS), `each tab shows ${texts.join()}`)
  }
}

await withServices(t, 'the web client', async (t, services) => {
  await withBrowser(t, 'in tabs that share a socket', async (t, browser) => {
    const { replicas: [one, two], outbox } = await startWorld(t, services)
    const [ann, bob] = [await signUp(one, outbox), await signUp(two, outbox)]
    const sockets = new Sockets()
    const first = await openPage(t, browser, 'about:blank')
    sockets.watch(first)
    await first.goto(`${one.url}/app`)
    await signInAs(first, ann)
    await first.getByRole('button', { name: 'New chat' }).first().click()
    await first.getByRole('dialog').getByLabel('Who do you want to talk to?').fill(bob.username)
    await first.getByRole('dialog').getByRole('button', { name: bob.username }).click()
    await first.getByText('Say hello!').waitFor()
    const open = async () => {
      const page = await first.context().newPage()
      sockets.watch(page)
      await page.goto(first.url())
      await page.getByLabel(`Message to ${bob.username}`).waitFor()
      return page
    }
    const [second, third] = [await open(), await open()]
    const his = await openPage(t, browser, `${two.url}/app`)
    await signInAs(his, bob)

    await t.test('one of them has it, and all show the same', async (t) => {
      await write(second, bob.username, 'from the second tab')
      await chatLink(his, ann.username).click()
      await write(his, ann.username, 'an answer')
      await expectTexts(t, [first, second, third, his], ['from the second tab', 'an answer'])
      t.ok(await sockets.areOne())
    })

    await t.test('who is there is marked in the list', async (t) => {
      for (const page of [first, second]) await chatLink(page, bob.username).locator('.presence-dot').waitFor()
      t.match(await chatLink(second, bob.username).textContent(), /Online/)
    })

    await t.test('it is closed: the next one goes on, and what is written meanwhile arrives once', async (t) => {
      const closed = first.close()
      await write(second, bob.username, 'meanwhile')
      await closed
      const texts = ['from the second tab', 'an answer', 'meanwhile']
      await expectTexts(t, [second, third, his], texts)
      await write(his, ann.username, 'and on')
      await expectTexts(t, [second, third, his], [...texts, 'and on'])
      t.ok(await sockets.areOne())
      t.equal(await third.getByText('No connection.').count(), 0, 'nobody has noticed')
    })
  })
})
