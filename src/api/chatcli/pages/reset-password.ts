/** The pages at `/user/reset-password`, which people reach from the link in a mail. */
import { html } from '../../pages/html.ts'
import { alert, invalid, page } from '../../pages/layout.ts'
import { donePage } from './done.ts'
import { incompleteLinkPage } from './incomplete-link.ts'

/**
 * The form for a new password. After a refusal it comes again with a sentence about why, its fields empty.
 * @param token as in the link; posted back in a hidden field
 * @param username as in the link; shown, and offered to password managers as the name to save under
 */
export function resetPasswordPage ({
  token,
  username,
  message
}: {
  token: string
  username: string
  message?: string
}): string {
  return page({
    title: 'New password',
    content: html`<h1>Choose a new password</h1>
<p class="lead">For the account <strong>${username}</strong>. You will be signed out everywhere.</p>
${alert(message)}
<form method="post" action="/user/reset-password">
<input type="hidden" name="token" value="${token}">
<input type="hidden" name="username" value="${username}" autocomplete="username">
<label for="password">New password</label>
<input id="password" name="password" type="password" required minlength="8" autocomplete="new-password" aria-describedby="rule"${message === undefined ? html`` : html` aria-invalid="true"`}>
<p class="hint" id="rule">At least 8 characters, with an upper-case letter, a lower-case letter, a digit and a punctuation character.</p>
<label for="confirm_password">Repeat the new password</label>
<input id="confirm_password" name="confirm_password" type="password" required minlength="8" autocomplete="new-password"${invalid(message)}>
<button class="button" type="submit">Set the new password</button>
</form>`
  })
}

/** The page for a link that lacks its token or its name, mostly because a mail reader broke it in two. */
export function brokenResetLinkPage (): string {
  return incompleteLinkPage('If that does not help, ask for another reset in your chat client.')
}

/** The answer to a browser whose owner has set a new password. */
export function passwordResetPage (): string {
  return donePage({
    title: 'Password changed',
    heading: 'Your password was changed',
    lead: 'You were signed out everywhere. Sign in again with the new password.'
  })
}
