/** The pages at `/user/verify-email`, which people reach from the link in a mail. */
import { html } from '../../pages/html.ts'
import { page } from '../../pages/layout.ts'
import { donePage } from './done.ts'

/** The answer to a link that has verified its address. */
export function emailVerifiedPage (): string {
  return donePage({
    title: 'Address confirmed',
    heading: 'Your e-mail address is confirmed',
    lead: 'You can go on where you were, or sign in here.'
  }, html`<a class="button" href="/app">Open the chat</a>`)
}

/** The answer to a link that cannot be handled now, with a sentence about the reason. */
export function verificationFailedPage (message: string): string {
  return page({
    title: 'Not confirmed yet',
    content: html`<h1>Your address is not confirmed yet</h1>
<p class="lead">${message} Then open the link once more.</p>`
  })
}

/** The answer to a link that is incomplete, has expired or was used before. */
export function brokenVerificationLinkPage (): string {
  return page({
    title: 'Link not valid',
    content: html`<h1>This link is not valid</h1>
<p class="lead">It may have been used before, it may have expired, or it was cut off on its way here. If your address is not confirmed yet, a password reset confirms it too.</p>
<a class="button second" href="/">Back to the start</a>`
  })
}
