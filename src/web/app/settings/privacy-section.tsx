/** What others may know of the user, and who is blocked. */
import { type Block, blockUser, isShared, listBlocks, share, type Shared } from '../../../client/management/index.ts'
import { Avatar } from '../design/avatar.tsx'
import { Button } from '../design/button.tsx'
import { EmptyState } from '../design/empty-state.tsx'
import { Loading } from '../design/loading.tsx'
import { RowGroup, SwitchRow } from '../design/rows.tsx'
import { showProblem, showToast } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import { type Loaded, useLoaded } from '../state/loaded.ts'
import { useUser } from '../state/people.ts'
import { words } from '../words/more.ts'

/** The section. */
export function PrivacySection () {
  const { client } = useSession()
  const { settings } = words.value
  const blocks = useLoaded((signal) => listBlocks(client, { signal }))
  return (
    <>
      <RowGroup>
        <SharingRow what='presence' label={settings.presence} hint={settings.presenceHint} />
        <SharingRow what='receipts' label={settings.receipts} hint={settings.receiptsHint} />
      </RowGroup>
      <RowGroup title={settings.blocked}>
        <Loading of={blocks}>
          {(items) => items.length === 0
            ? <EmptyState icon='block' title={settings.noBlocked} lead={settings.noBlockedLead} />
            : <ul>{items.map((block) => <Blocked key={block.user} block={block} blocks={blocks} />)}</ul>}
        </Loading>
      </RowGroup>
    </>
  )
}

function SharingRow ({ what, label, hint }: { what: Shared, label: string, hint: string }) {
  const { client } = useSession()
  const loaded = useLoaded((signal) => isShared(client, what, { signal }), [what])
  const change = async (shared: boolean) => {
    loaded.set(shared)
    try {
      await share(client, what, { shared })
    } catch (error) {
      loaded.set(!shared)
      showProblem(error)
    }
  }
  return (
    <SwitchRow
      label={label} hint={hint} isOn={loaded.value ?? false} isDisabled={loaded.value === undefined}
      onChange={(shared) => void change(shared)}
    />
  )
}

function Blocked ({ block: { user }, blocks }: { block: Block, blocks: Loaded<Block[]> }) {
  const { client } = useSession()
  const { members, people, undo } = words.value
  const profile = useUser(user)
  const name = user === null ? people.erased : profile?.name ?? people.loading
  if (user === null) return null
  const unblock = async () => {
    blocks.set((blocks.value ?? []).filter((other) => other.user !== user))
    try {
      await blockUser(client, { user, isBlocked: false })
    } catch (error) {
      blocks.reload()
      showProblem(error)
      return
    }
    const act = () => {
      blockUser(client, { user, isBlocked: true }).then(blocks.reload, showProblem)
    }
    showToast(members.unblocked(name), { action: { label: undo, act } })
  }
  return (
    <li class='row is-choice'>
      <Avatar id={user} name={name} picture={profile?.avatar ?? null} size='l' />
      <span class='row-text'>{name}</span>
      <Button kind='plain' onClick={() => void unblock()}>{members.unblock}</Button>
    </li>
  )
}
