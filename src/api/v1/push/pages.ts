/** The pages at `/v1/unsubscribe`. */
import { html } from '../../pages/html.ts'
import { page } from '../../pages/layout.ts'

/** Asks first. */
export function unsubscribePage (token: string): string {
  return page({
    title: 'Unsubscribe',
    content: html`<h1>No more mails about unread messages?</h1>
<p class="lead">You keep your account, and your messages stay where they are.</p>
<form method="post" action="/v1/unsubscribe?token=${token}">
<button class="button" type="submit">End these mails</button>
</form>`
  })
}

/** There are no more mails. */
export function unsubscribedPage (): string {
  return page({
    title: 'Unsubscribed',
    content: html`<p class="state">Done</p>
<h1>You get no more mails about unread messages</h1>
<p class="lead">You can ask for them again in your settings.</p>`
  })
}
