/** The page at an address that has none. */
import { html } from './html.ts'
import { page } from './layout.ts'

/** For people; programs get an error of the face that the address belongs to. */
export function notFoundPage (): string {
  return page({
    title: 'Not found',
    content: html`<h1>There is nothing at this address</h1>
<p class="lead">The address is mistyped, or what it led to is gone.</p>
<a class="button" href="/app">Open the chat</a>
<ul class="links">
<li><a href="/">About this server</a></li>
<li><a href="/docs">The API</a></li>
</ul>`
  })
}
