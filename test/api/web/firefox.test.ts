/** The same client in Firefox. */
import t from '../../support/tap.ts'
import { openPage, withFirefox } from '../../support/clients/browser.ts'
import { withServices } from '../../support/servers/deployments.ts'
import { twoPeople } from './two-people.ts'

t.setTimeout(300_000)

await withServices(t, 'another browser', async (t, services) => {
  await withFirefox(t, 'Firefox', (t, browser) => twoPeople(t, services, (url) => openPage(t, browser, url)))
})
