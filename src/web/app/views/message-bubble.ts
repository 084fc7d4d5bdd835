/** One message, or post, as a bubble. */
import { momentOf, timeOf } from '../dates.ts'
import { element, unseen } from '../dom.ts'
import { avatar } from '../avatar.ts'
import { icon } from '../icons.ts'
import { type TextPart, textParts } from '../links.ts'
import type { Post } from '../outgoing.ts'
import type { TimelineMessage } from '../timeline.ts'

/** Actions for a failed post. */
export type SaidActions = { retry: (post: Post) => void, discard: (post: Post) => void }

/** Creates a bubble. */
export function messageBubble (said: TimelineMessage, otherName: string, actions: SaidActions): HTMLElement {
  const { isOwn, isFirst, isLast, text, at, post } = said
  const meta = metaOf(said, actions)
  const classes = [
    'said',
    isOwn ? 'own' : 'their',
    isFirst ? 'first' : '',
    isLast ? 'last' : '',
    post?.state ?? ''
  ].filter((name) => name !== '')
  return element(
    'li',
    { class: classes.join(' ') },
    isOwn ? undefined : isLast ? avatar(otherName) : element('span', { class: 'no-avatar' }),
    element(
      'div',
      { class: 'body' },
      element(
        'div',
        { class: 'bubble', title: momentOf(at) },
        unseen(`${isOwn ? 'You' : otherName}, ${timeOf(at)}: `),
        // Each text has its own direction of writing.
        element('p', { dir: 'auto' }, ...textParts(text).map(textPart))
      ),
      meta.length === 0 ? undefined : element('div', { class: 'meta' }, ...meta)
    )
  )
}

/** A link opens in a tab of its own, which knows nothing of this one. */
function textPart ({ text, href }: TextPart): Node | string {
  if (href === undefined) return text
  // Shows where it leads if that is written otherwise, such as an international domain.
  const title = href === text || href === `${text}/` ? undefined : href
  return element('a', { href, title, target: '_blank', rel: 'noopener noreferrer' }, text)
}

/** The line below it: its time before a pause, or the state of one's own post until it is answered. */
function metaOf (
  { isOwn, isTimed, isNewest, at, post }: TimelineMessage,
  { retry, discard }: SaidActions
): (Node | string)[] {
  if (post?.state === 'failed') {
    return [
      element('span', { class: 'problem' }, icon('warning'), element('span', {}, `Not sent. ${post.reason}`)),
      element('button', { class: 'link', type: 'button', click: () => retry(post) }, 'Try again'),
      element('button', { class: 'link', type: 'button', click: () => discard(post) }, 'Discard')
    ]
  }
  const time = element('time', { datetime: at.toISOString(), 'aria-hidden': 'true' }, timeOf(at))
  const delivery = !isOwn
    ? undefined
    : post?.state === 'sending'
      ? state('clock', 'Sending')
      : isNewest
        ? state('check', 'Sent')
        : undefined
  return [...(isTimed ? [time] : []), ...(delivery === undefined ? [] : [delivery])]
}

function state (name: 'check' | 'clock', word: string): HTMLElement {
  return element('span', { class: 'delivery', title: word }, icon(name), unseen(word))
}
