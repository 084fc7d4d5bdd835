/** The text of a message, with the users whom it mentions. */
import type { ListedMessage } from '../../../client/index.ts'
import { useSession } from '../session/context.ts'
import { useUsers } from '../state/people.ts'
import { Markdown, type Mentioned } from './markdown.tsx'

const NOBODY: readonly Mentioned[] = []
/** A text of up to three emojis alone is shown large. */
const EMOJIS =
  /^(?:\p{Extended_Pictographic}(?:\ufe0f|\u200d\p{Extended_Pictographic}|[\u{1f3fb}-\u{1f3ff}])*\s*){1,3}$/u

/** The text. */
export function MessageText ({ message: { text, mentions } }: { message: ListedMessage }) {
  return (
    <div class={`message-text ${EMOJIS.test(text) ? 'is-large' : ''}`} dir='auto'>
      {mentions.length === 0
        ? <Markdown text={text} mentioned={NOBODY} />
        : <WithMentions text={text} ids={mentions} />}
    </div>
  )
}

function WithMentions ({ text, ids }: { text: string, ids: readonly string[] }) {
  const { client } = useSession()
  const users = useUsers(ids.filter((id) => !id.startsWith('@')))
  const mentioned = [
    ...users.map(({ id, name }) => ({ name: `@${name}`, isMe: id === client.user })),
    ...ids.includes('@all') ? [{ name: '@all', isMe: true }] : []
  ]
  return <Markdown text={text} mentioned={mentioned} />
}
