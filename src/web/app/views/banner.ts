/** The banner that is shown while the connection is lost. */
import { announce } from '../announcer.ts'
import { element } from '../dom.ts'
import type { Session } from '../session.ts'

/** Creates the banner. @returns its element, and a function that removes it */
export function banner ({ connection, client }: Session): { view: HTMLElement, end: () => void } {
  const view = element(
    'div',
    { class: 'banner', hidden: true },
    element('span', { class: 'pulse', 'aria-hidden': 'true' }),
    element('p', {}, 'No connection. What you write is kept, and sent when the server is back.'),
    element('button', { class: 'link', type: 'button', click: () => client.reconnectNow() }, 'Try now')
  )
  const end = connection.follow(({ isLost }) => {
    if (view.hidden !== isLost) return
    view.hidden = !isLost
    announce(
      isLost ? 'The connection is lost. What you write is kept, and sent when the server is back.' : 'Connected again.'
    )
  })
  return { view, end }
}
