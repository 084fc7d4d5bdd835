/** Changing the name, the description and the picture of a chat. */
import { useState } from 'preact/hooks'
import type { ChatInfo } from '../../../client/index.ts'
import { changeChat, removeChatAvatar, uploadChatAvatar } from '../../../client/management/index.ts'
import { Button } from '../design/button.tsx'
import { Dialog } from '../design/dialog.tsx'
import { Field } from '../design/field.tsx'
import { TextArea } from '../design/text-area.tsx'
import { showToast } from '../design/toast.tsx'
import { PictureField } from '../people/picture-field.tsx'
import { useSession } from '../session/context.ts'
import { chatName } from '../state/chats.ts'
import { words } from '../words/more.ts'
import { problemText } from '../words/problems.ts'

/** Longest texts, as the server has them. */
export const [MAX_NAME, MAX_DESCRIPTION] = [100, 2_000]

/** The dialog. */
export function EditChat ({ info, onClose }: { info: ChatInfo, onClose: () => void }) {
  const { client } = useSession()
  const { details, save, cancel } = words.value
  const [name, setName] = useState(info.name ?? '')
  const [description, setDescription] = useState(info.description ?? '')
  const [problem, setProblem] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  const orNull = (text: string) => text.trim() === '' ? null : text.trim()
  const changePicture = async (changed: Promise<ChatInfo>) => client.chat(info.id).load(await changed)
  const send = async () => {
    setBusy(true)
    try {
      const chat = await changeChat(client, info.id, { name: orNull(name), description: orNull(description) })
      client.chat(info.id).load(chat)
      showToast(details.saved)
      onClose()
    } catch (error) {
      setProblem(problemText(error))
      setBusy(false)
    }
  }
  return (
    <Dialog title={details.editTitle} onClose={onClose}>
      <form
        class='stack' onSubmit={(event) => {
          event.preventDefault()
          if (!isBusy) void send()
        }}
      >
        <PictureField
          id={info.id} name={orNull(name) ?? chatName(info)} picture={info.avatar}
          onUpload={(chosen) => changePicture(uploadChatAvatar(client, info.id, chosen))}
          onRemove={() => changePicture(removeChatAvatar(client, info.id))}
        />
        <Field
          label={details.name} value={name} maxlength={MAX_NAME} autocomplete='off' autoFocus problem={problem}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
        <TextArea
          label={details.description} value={description} maxLength={MAX_DESCRIPTION} onInput={setDescription}
        />
        <div class='dialog-actions'>
          <Button kind='plain' onClick={onClose}>{cancel}</Button>
          <Button type='submit' isBusy={isBusy}>{save}</Button>
        </div>
      </form>
    </Dialog>
  )
}
