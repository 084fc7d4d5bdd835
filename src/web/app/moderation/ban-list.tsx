/** Who is banned from a chat. */
import { useEffect } from 'preact/hooks'
import { type Ban, listBans, unbanUser } from '../../../client/moderation/index.ts'
import { Avatar } from '../design/avatar.tsx'
import { IconButton } from '../design/button.tsx'
import { Loading } from '../design/loading.tsx'
import { RowGroup } from '../design/rows.tsx'
import { showProblem, showToast } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import { type Loaded, useLoaded } from '../state/loaded.ts'
import { nameOf, useName, useUser } from '../state/people.ts'
import { dateAndTime } from '../words/dates.ts'
import { words } from '../words/more.ts'

/** The list. It is read again when somebody goes. */
export function BanList ({ chatId }: { chatId: string }) {
  const { client } = useSession()
  const { ban } = words.value
  const loaded = useLoaded((signal) => listBans(client, chatId, { signal }), [chatId])
  const { reload } = loaded
  useEffect(() => client.on('member.removed', ({ chat }) => {
    if (chat === chatId) reload()
  }), [chatId])
  return (
    <RowGroup title={ban.list}>
      <Loading of={loaded}>
        {(bans) => bans.length === 0
          ? <p class='row quiet'>{ban.empty}</p>
          : (
              <ul>
                {bans.map((one) => <Banned key={one.user} ban={one} chatId={chatId} loaded={loaded} />)}
              </ul>
            )}
      </Loading>
    </RowGroup>
  )
}

function Banned ({ ban, chatId, loaded }: { ban: Ban, chatId: string, loaded: Loaded<Ban[]> }) {
  const { client } = useSession()
  const { ban: texts } = words.value
  const { user, reason, until, by } = ban
  const profile = useUser(user)
  const name = nameOf(user, profile)
  const judge = useName(by.user ?? null)
  const end = async () => {
    if (user === null) return
    const before = loaded.value ?? []
    loaded.set(before.filter((other) => other.user !== user))
    try {
      await unbanUser(client, chatId, { user })
      showToast(texts.ended(name))
    } catch (error) {
      loaded.set(before)
      showProblem(error)
    }
  }
  const facts = [
    until === null ? texts.forever : texts.until(dateAndTime(until)),
    by.user === undefined ? texts.byKey : texts.by(judge),
    ...reason === '' ? [] : [reason]
  ]
  return (
    <li class='row'>
      <Avatar id={user ?? ''} name={name} picture={profile?.avatar ?? null} size='m' />
      <span class='row-text'>
        <span class='member-name cut' dir='auto'>{name}</span>
        <span class='row-hint' dir='auto'>{facts.join(' · ')}</span>
      </span>
      <IconButton icon='close' size='s' label={texts.end(name)} onClick={() => void end()} />
    </li>
  )
}
