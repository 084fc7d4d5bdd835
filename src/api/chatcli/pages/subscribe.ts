/** The pages at `/subscribe`. */
import { html } from '../../pages/html.ts'
import { alert, invalid, page } from '../../pages/layout.ts'
import { donePage } from './done.ts'

/** The longest address the mail protocol carries (RFC 5321, 4.5.3.1.3, without the angle brackets). */
const MAX_EMAIL_LENGTH = 254

/**
 * The form. After a refusal it is shown again with a sentence about the reason and the submitted address.
 * @param refused the sentence, and the address as it was sent
 */
export function subscribePage (refused?: { message: string, email: string }): string {
  return page({
    title: 'Subscribe',
    content: html`<h1>Subscribe to news</h1>
<p class="lead">Leave your e-mail address and hear about news from this server.</p>
${alert(refused?.message)}
<form method="post" action="/subscribe">
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" required maxlength="${MAX_EMAIL_LENGTH}" autocomplete="email" inputmode="email" spellcheck="false" autocapitalize="none" value="${refused?.email ?? ''}"${invalid(refused?.message)}>
<button class="button" type="submit">Subscribe</button>
</form>`
  })
}

/** The answer to an address, the same whether it was new or known, so that it does not reveal who subscribes. */
export function subscribedPage (): string {
  return donePage({
    title: 'Subscribed',
    heading: 'Thank you for subscribing',
    lead: 'You are on the list. There is nothing else to do.'
  }, html`<a class="button second" href="/">Back to the start</a>`)
}
