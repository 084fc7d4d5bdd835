/** The pages at `/user/enable-account`, which people reach from the link in a mail. */
import { html } from '../../pages/html.ts'
import { alert, page } from '../../pages/layout.ts'
import { donePage } from './done.ts'
import { incompleteLinkPage } from './incomplete-link.ts'

/** The button that enables an account: programs that only look at links do not press it. */
export function enableAccountPage ({
  token,
  username,
  message
}: {
  token: string
  username: string
  message?: string
}): string {
  return page({
    title: 'Enable your account',
    content: html`<h1>Enable your account</h1>
<p class="lead">The account <strong>${username}</strong> is disabled. Its chats are still there.</p>
${alert(message)}
<form method="post" action="/user/enable-account">
<input type="hidden" name="token" value="${token}">
<input type="hidden" name="username" value="${username}">
<button class="button" type="submit">Enable the account</button>
</form>`
  })
}

/** The page for a link that lacks its token or its name. */
export function brokenEnableLinkPage (): string {
  return incompleteLinkPage('A password reset enables your account, too.')
}

/** The answer to a browser whose owner has enabled their account. */
export function accountEnabledPage (): string {
  return donePage({
    title: 'Account enabled',
    heading: 'Your account is enabled',
    lead: 'Sign in with your password.'
  })
}
