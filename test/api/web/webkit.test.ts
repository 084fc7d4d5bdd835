/** The same client in WebKit, which is the engine of Safari. */
import t from '../../support/tap.ts'
import { withWebKit } from '../../support/clients/webkit.ts'
import { withServices } from '../../support/servers/deployments.ts'
import { twoPeople } from './two-people.ts'

t.setTimeout(300_000)

await withServices(t, 'another browser', async (t, services) => {
  await withWebKit(t, 'WebKit', (t, open) => twoPeople(t, services, open))
})
