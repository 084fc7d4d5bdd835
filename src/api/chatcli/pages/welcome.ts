/** The page at `/`. */
import type { Readiness } from '../../ops/readiness.ts'
import { html, type Html } from '../../pages/html.ts'
import { page } from '../../pages/layout.ts'

/** The server's health as shown to visitors: whether it serves, and no component of it. */
const HEALTH: Record<Readiness['status'], Html> = {
  ok: html`<p class="state">Running</p>`,
  degraded: html`<p class="state poor">Running, messages may be late</p>`,
  unavailable: html`<p class="state bad">Not available now</p>`,
  draining: html`<p class="state poor">Restarting</p>`
}

/** The welcome page: purpose of the server, its state, and links. */
export function welcomePage (status: Readiness['status']): string {
  return page({
    title: 'Welcome',
    content: html`${HEALTH[status]}
<h1>This is a Confab server</h1>
<p class="lead">A place to talk in real time that belongs to whoever runs it. A message that was sent here is never lost, never doubled and never out of order.</p>
<a class="button" href="/app">Open the chat</a>
<a class="button second" href="/docs">Build a client: the API</a>
<ul class="links">
<li><a href="/subscribe">Subscribe to news</a></li>
<li><a href="/verify-connection">Check the connection</a></li>
</ul>`
  })
}
