/** The page at `/verify-connection`. */
import { html } from '../../pages/html.ts'
import { page } from '../../pages/layout.ts'

/** Says that the browser reaches the server. */
export function reachablePage (): string {
  return page({
    title: 'Connection',
    content: html`<p class="state">Connected</p>
<h1>The server is reachable</h1>
<p class="lead">Your browser has just received an answer from it.</p>
<a class="button" href="/app">Open the chat</a>
<ul class="links">
<li><a href="/">About this server</a></li>
</ul>`
  })
}
