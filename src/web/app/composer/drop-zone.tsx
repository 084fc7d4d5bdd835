/** A chat that takes files which are dropped on it, or pasted in it. */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { Chat, ChatInfo } from '../../../client/index.ts'
import { Icon } from '../design/icon.tsx'
import { useSession } from '../session/context.ts'
import { may } from '../state/chats.ts'
import { draftKey } from '../state/drafts.ts'
import { words } from '../words/index.ts'
import { addFiles } from './uploads.ts'

/** Properties of {@link DropZone}. */
export type DropZoneProps = { chat: Chat, info: ChatInfo | null, children: ComponentChildren }

/** The zone. */
export function DropZone ({ chat, info, children }: DropZoneProps) {
  const session = useSession()
  const [isOver, setOver] = useState(false)
  const take = (event: Event, transfer: DataTransfer | null) => {
    const files = [...transfer?.files ?? []]
    setOver(false)
    if (files.length === 0 || !may(info, 'post')) return
    event.preventDefault()
    addFiles(session, { chat: chat.id, key: draftKey(chat.id) }, files)
  }
  return (
    <div
      class='drop-zone'
      onDragOver={(event) => {
        if (event.dataTransfer?.types.includes('Files') !== true) return
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={({ currentTarget, relatedTarget }) => {
        if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) setOver(false)
      }}
      onDrop={(event) => take(event, event.dataTransfer)}
      onPaste={(event) => take(event, event.clipboardData)}
    >
      {children}
      {isOver && <div class='drop-hint'><Icon name='paperclip' />{words.value.composer.dropHere}</div>}
    </div>
  )
}
