/** The page at `/`. */
import { html } from './html.ts'
import { page } from './layout.ts'

/** Says what this server is and that it runs. */
export function welcomePage (): string {
  return page({
    title: 'Welcome',
    content: html`<p class="state">Running</p>
<h1>This is a Confab server</h1>
<p class="lead">Confab is a self-hosted chat backend. Point your chat client at this address to register, sign in and talk in real time.</p>
<a class="button" href="/subscribe">Subscribe to news</a>
<a class="button second" href="/verify-connection">Check the connection</a>`
  })
}
