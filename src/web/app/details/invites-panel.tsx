/** The invites to a chat: links that let others join. */
import { useState } from 'preact/hooks'
import { createInvite, type Invite, listInvites, revokeInvite } from '../../../client/management/index.ts'
import { Button, IconButton } from '../design/button.tsx'
import { EmptyState } from '../design/empty-state.tsx'
import { Loading } from '../design/loading.tsx'
import { RowGroup, SelectRow } from '../design/rows.tsx'
import { showProblem, showToast } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import type { PanelProps } from '../shell/panels.tsx'
import { addressOf } from '../shell/routes.ts'
import { copyText, copyWithToast, linkTo } from '../state/clipboard.ts'
import { type Loaded, useLoaded } from '../state/loaded.ts'
import { dateAndTime } from '../words/dates.ts'
import { words } from '../words/more.ts'
import { PanelHead } from './panel-head.tsx'

const HOUR_MS = 3_600_000
/** How long an invite is good, in hours. */
const HOURS = { hour: 1, day: 24, week: 168, month: 720, forever: null } as const
const USES = ['unlimited', '1', '10', '100'] as const

type Expiry = keyof typeof HOURS

/** The panel. */
export function InvitesPanel ({ chatId }: PanelProps) {
  const { client } = useSession()
  const { invites } = words.value
  const loaded = useLoaded((signal) => listInvites(client, chatId, { signal }), [chatId])
  return (
    <>
      <PanelHead title={invites.title} isPart />
      <div class='panel-body'>
        <p class='quiet'>{invites.lead}</p>
        <NewInvite chatId={chatId} loaded={loaded} />
        <Loading of={loaded}>
          {(items) => items.length === 0
            ? <EmptyState icon='link' title={invites.empty} />
            : (
                <ul class='invite-list' aria-label={invites.list}>
                  {items.toReversed().map((invite) => (
                    <InviteCard key={invite.id} invite={invite} chatId={chatId} loaded={loaded} />
                  ))}
                </ul>
              )}
        </Loading>
      </div>
    </>
  )
}

function NewInvite ({ chatId, loaded }: { chatId: string, loaded: Loaded<Invite[]> }) {
  const { client } = useSession()
  const { invites } = words.value
  const [uses, setUses] = useState<typeof USES[number]>('unlimited')
  const [expiry, setExpiry] = useState<Expiry>('week')
  const [isBusy, setBusy] = useState(false)
  const create = async () => {
    setBusy(true)
    const hours = HOURS[expiry]
    try {
      const invite = await createInvite(client, chatId, {
        maxUses: uses === 'unlimited' ? null : Number(uses),
        expiresAt: hours === null ? null : new Date(Date.now() + hours * HOUR_MS)
      })
      loaded.set([...loaded.value ?? [], invite])
      showToast(await copyText(linkOf(invite)) ? invites.created : invites.createdOnly)
    } catch (error) {
      showProblem(error)
    }
    setBusy(false)
  }
  const expiries: readonly Expiry[] = ['hour', 'day', 'week', 'month', 'forever']
  return (
    <div class='stack'>
      <RowGroup>
        <SelectRow
          label={invites.uses} value={uses} onChange={setUses} options={USES.map((value) => ({
            value, label: value === 'unlimited' ? invites.unlimited : invites.usesOf(Number(value))
          }))}
        />
        <SelectRow
          label={invites.expiry} value={expiry} onChange={setExpiry}
          options={expiries.map((value) => ({ value, label: invites[value] }))}
        />
      </RowGroup>
      <Button icon='link' isBusy={isBusy} onClick={() => void create()}>{invites.create}</Button>
    </div>
  )
}

function linkOf ({ code }: Invite): string {
  return linkTo(addressOf({ screen: 'invite', code }))
}

function InviteCard ({ invite, chatId, loaded }: { invite: Invite, chatId: string, loaded: Loaded<Invite[]> }) {
  const { client } = useSession()
  const { invites } = words.value
  const { id, uses, max_uses: most, expires_at: end } = invite
  const link = linkOf(invite)
  const isOver = end !== null && new Date(end).getTime() < Date.now()
  const revoke = async () => {
    const before = loaded.value ?? []
    loaded.set(before.filter((other) => other.id !== id))
    try {
      await revokeInvite(client, chatId, { id })
      showToast(invites.revoked)
    } catch (error) {
      loaded.set(before)
      showProblem(error)
    }
  }
  const facts = [invites.used(uses, most), ...(end === null ? [] : [isOver ? invites.expired : until(end)])]
  return (
    <li class='invite-card'>
      <input
        class='text-field invite-link' readOnly value={link} aria-label={invites.link}
        onFocus={({ currentTarget }) => currentTarget.select()}
      />
      <IconButton
        icon='copy' size='s' label={invites.copy} onClick={() => void copyWithToast(link, invites.copied)}
      />
      <IconButton icon='trash' size='s' label={invites.revoke} onClick={() => void revoke()} />
      <p class='quiet invite-facts'>{facts.join(' · ')}</p>
    </li>
  )
}

function until (end: string): string {
  return words.value.invites.expires(dateAndTime(end))
}
