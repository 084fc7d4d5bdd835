/** The pictures of a message, each as large as the window. */
import { useState } from 'preact/hooks'
import type { Attachment } from '../../../client/index.ts'
import { IconButton } from '../design/button.tsx'
import { Spinner } from '../design/spinner.tsx'
import { showProblem } from '../design/toast.tsx'
import { useModal } from '../design/use-modal.ts'
import { useSession } from '../session/context.ts'
import { words } from '../words/index.ts'
import { useFileUrl } from './attachments.tsx'
import { saveFile } from './save-file.ts'

/** Properties of {@link Lightbox}. */
export type LightboxProps = { pictures: readonly Attachment[], first: string, onClose: () => void }

/** The pictures, one at a time. */
export function Lightbox ({ pictures, first, onClose }: LightboxProps) {
  const dialog = useModal()
  const [index, setIndex] = useState(() => Math.max(0, pictures.findIndex(({ file }) => file === first)))
  const { timeline, close, back } = words.value
  const shown = pictures[index]
  if (shown === undefined) return null
  const step = (by: number) => setIndex((index + by + pictures.length) % pictures.length)
  return (
    <dialog
      ref={dialog} class='lightbox' aria-label={shown.name}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onKeyDown={({ key }) => {
        if (key === 'ArrowRight') step(1)
        if (key === 'ArrowLeft') step(-1)
      }}
      onClick={({ target, currentTarget }) => {
        if (target === currentTarget) onClose()
      }}
    >
      <header class='lightbox-head'>
        <p class='grow cut' aria-hidden='true'>{shown.name}</p>
        <Download picture={shown} />
        <IconButton icon='close' label={close} onClick={onClose} />
      </header>
      <Whole key={shown.file} picture={shown} />
      {pictures.length > 1 && (
        <div class='lightbox-steps'>
          <IconButton icon='back' label={back} onClick={() => step(-1)} />
          <span>{index + 1} / {pictures.length}</span>
          <span class='turned'><IconButton icon='back' label={timeline.nextPicture} onClick={() => step(1)} /></span>
        </div>
      )}
    </dialog>
  )
}

function Whole ({ picture: { file, name } }: { picture: Attachment }) {
  const { url, renew } = useFileUrl(file, false)
  if (url === null) return <Spinner />
  return <img class='lightbox-picture' src={url} alt={words.value.timeline.picture(name)} onError={renew} />
}

function Download ({ picture: { file, name } }: { picture: Attachment }) {
  const { files } = useSession()
  const label = words.value.timeline.download(name)
  return (
    <IconButton
      icon='download' label={label}
      onClick={() => void files.downloadUrl(file).then((url) => saveFile(url, name), showProblem)}
    />
  )
}
