/** The files for the next message, with how much of each is sent. */
import { useEffect, useState } from 'preact/hooks'
import { IconButton } from '../design/button.tsx'
import { Icon } from '../design/icon.tsx'
import { useSession } from '../session/context.ts'
import { fileSize } from '../words/dates.ts'
import { words } from '../words/index.ts'
import { problemText } from '../words/problems.ts'
import { removeUpload, retryUpload, type Upload, uploadsOf } from './uploads.ts'

/** The list; nothing without files. */
export function UploadList ({ chat, place }: { chat: string, place: string }) {
  const session = useSession()
  const { value: uploads } = uploadsOf(place)
  const { composer } = words.value
  if (uploads.length === 0) return null
  return (
    <ul class='uploads' aria-label={composer.files}>
      {uploads.map((upload) => (
        <li key={upload.id} class='upload'>
          <Preview file={upload.file} />
          <div class='grow'>
            <p class='cut'>{upload.file.name}</p>
            <UploadState upload={upload} onRetry={() => retryUpload(session, { chat, key: place }, upload)} />
          </div>
          <IconButton
            icon='close' size='s' label={composer.removeFile(upload.file.name)}
            onClick={() => removeUpload(session, place, upload)}
          />
        </li>
      ))}
    </ul>
  )
}

function UploadState ({ upload, onRetry }: { upload: Upload, onRetry: () => void }) {
  const { file, progress, attachment, problem } = upload
  if (problem !== null) {
    return (
      <p class='field-problem' role='alert'>
        {problemText(problem)} <button type='button' class='link-button' onClick={onRetry}>{words.value.retry}</button>
      </p>
    )
  }
  if (attachment !== null) return <p class='quiet upload-size'>{fileSize(file.size)}</p>
  const label = words.value.composer.sending(file.name)
  return <progress class='upload-progress' max={1} value={progress} aria-label={label} />
}

function Preview ({ file }: { file: File }) {
  const [url, setUrl] = useState<string | null>(null)
  useEffect(() => {
    if (!file.type.startsWith('image/')) return
    const made = URL.createObjectURL(file)
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [file])
  const icon = file.type.startsWith('audio/') ? 'microphone' : 'file'
  if (url === null) return <span class='file-icon'><Icon name={icon} /></span>
  return <img class='upload-preview' src={url} alt='' />
}
