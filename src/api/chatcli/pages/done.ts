/** The page that says that something was done. */
import { html } from '../../pages/html.ts'
import { page } from '../../pages/layout.ts'

/** @param go where the page leads next; by default to the web client, to sign in */
export function donePage (
  { title, heading, lead }: { title: string, heading: string, lead: string },
  go = html`<a class="button" href="/app">Sign in</a>`
): string {
  return page({
    title,
    content: html`<p class="state">Done</p>
<h1>${heading}</h1>
<p class="lead">${lead}</p>
${go}`
  })
}
