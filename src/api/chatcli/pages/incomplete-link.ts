/** The page for a link of a mail that lacks a part, mostly because a mail reader broke it in two. */
import { html } from '../../pages/html.ts'
import { page } from '../../pages/layout.ts'

/** @param otherWay a sentence on what to do where the link cannot be had whole */
export function incompleteLinkPage (otherWay: string): string {
  return page({
    title: 'Incomplete link',
    content: html`<h1>This link is incomplete</h1>
<p class="lead">It may have been cut off on its way here. Open the link from the mail once more, or copy the whole of it into the address bar. ${otherWay}</p>
<a class="button second" href="/">Back to the start</a>`
  })
}
