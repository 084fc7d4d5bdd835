/** Choosing, replacing and removing the picture of a user or a chat. Each takes effect at once. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { Avatar } from '../design/avatar.tsx'
import { Button } from '../design/button.tsx'
import { showToast } from '../design/toast.tsx'
import { words } from '../words/more.ts'
import { problemText } from '../words/problems.ts'
import { shrinkPicture } from './shrink-picture.ts'

/** Properties of {@link PictureField}. */
export type PictureFieldProps = {
  id: string
  name: string
  /** The present picture. */
  picture: string | null
  onUpload: (picture: Blob) => Promise<unknown>
  onRemove: () => Promise<unknown>
}

/** The picture with its buttons. */
export function PictureField ({ id, name, picture, onUpload, onRemove }: PictureFieldProps) {
  const texts = words.value.picture
  const input = useRef<HTMLInputElement>(null)
  const [preview, setPreview] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => () => {
    if (preview !== null) URL.revokeObjectURL(preview)
  }, [preview])
  const run = async (work: () => Promise<unknown>, done: string) => {
    setBusy(true)
    setProblem(null)
    try {
      await work()
      showToast(done)
    } catch (error) {
      setProblem(problemText(error))
    }
    setPreview(null)
    setBusy(false)
  }
  const choose = (file: File | undefined) => {
    if (file === undefined) return
    setPreview(URL.createObjectURL(file))
    void run(async () => onUpload(await shrinkPicture(file)), texts.saved)
  }
  return (
    <div class='picture-field'>
      <Avatar id={id} name={name} picture={preview ?? picture} size='xl' />
      <div class='picture-actions' role='group' aria-label={texts.label}>
        <Button kind='second' icon='edit' isBusy={isBusy} onClick={() => input.current?.click()}>
          {picture === null ? texts.choose : texts.replace}
        </Button>
        {picture !== null && (
          <Button kind='plain' icon='trash' isBusy={isBusy} onClick={() => void run(onRemove, texts.removed)}>
            {texts.remove}
          </Button>
        )}
        <input
          ref={input} type='file' accept='image/png,image/jpeg,image/webp,image/gif' hidden aria-label={texts.label}
          onChange={({ currentTarget }) => {
            choose(currentTarget.files?.[0])
            // The same file may be chosen again.
            currentTarget.value = ''
          }}
        />
        {problem !== null && <p class='field-problem' role='alert'>{problem}</p>}
      </div>
    </div>
  )
}
