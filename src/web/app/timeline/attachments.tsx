/** The files of a message: pictures and sounds where they can be seen and heard, others to download. */
import { useEffect, useState } from 'preact/hooks'
import type { Attachment, ListedMessage } from '../../../client/index.ts'
import { Icon } from '../design/icon.tsx'
import { useSession } from '../session/context.ts'
import { lazy } from '../shell/lazy.tsx'
import { fileSize } from '../words/dates.ts'
import { words } from '../words/index.ts'

/** The height of a picture in a message, in `rem`, at most. */
const MAX_HEIGHT = 18
const MAX_WIDTH = 22

const Lightbox = lazy(async () => (await import('./lightbox.tsx')).Lightbox)
const SoundPlayer = lazy(async () => (await import('../voice/sound-player.tsx')).SoundPlayer)

/** A link that cannot be loaded is replaced so often. */
const MAX_RENEWALS = 3

/**
 * The link to a file; null before it is there. It is asked for when it is needed, since it is good for minutes: what is
 * loaded later, when it comes into view, or is played, calls `renew` where it has failed.
 */
export function useFileUrl (file: string, isThumbnail: boolean): { url: string | null, renew: () => void } {
  const { files } = useSession()
  const [url, setUrl] = useState<string | null>(null)
  const [renewals, setRenewals] = useState(0)
  useEffect(() => {
    const ending = new AbortController()
    const { signal } = ending
    const read = async () => {
      if (renewals > 0) {
        // The same link is loaded again, too: it may be the connection that has failed.
        setUrl(null)
        await files.get(file, { signal })
      }
      setUrl(await files.downloadUrl(file, { thumbnail: isThumbnail, signal }))
    }
    read().catch(() => undefined)
    return () => ending.abort()
  }, [file, isThumbnail, renewals])
  return { url, renew: () => setRenewals((count) => Math.min(count + 1, MAX_RENEWALS)) }
}

/** The files. */
export function Attachments ({ message }: { message: ListedMessage }) {
  const { attachments } = message
  const [open, setOpen] = useState<string | null>(null)
  if (attachments.length === 0) return null
  const pictures = attachments.filter(isPicture)
  return (
    <div class='attachments'>
      {attachments.map((attachment) => {
        const { file, content_type: type } = attachment
        if (isPicture(attachment))
          return <Picture key={file} attachment={attachment} onOpen={() => setOpen(file)} />
        if (!type.startsWith('audio/')) return <File key={file} attachment={attachment} />
        return <div key={file} class='sound-place'><SoundPlayer message={message} attachment={attachment} /></div>
      })}
      {open !== null && <Lightbox pictures={pictures} first={open} onClose={() => setOpen(null)} />}
    </div>
  )
}

function isPicture ({ content_type: type }: Attachment): boolean {
  return type.startsWith('image/')
}

function Picture ({ attachment, onOpen }: { attachment: Attachment, onOpen: () => void }) {
  const { file, name, width = 4, height = 3 } = attachment
  const { url, renew } = useFileUrl(file, true)
  const widest = Math.min(MAX_WIDTH, (MAX_HEIGHT * width) / height)
  return (
    <button
      type='button' class='picture' aria-label={words.value.timeline.openPicture(name)} onClick={onOpen}
      style={{ aspectRatio: `${String(width)} / ${String(height)}`, inlineSize: `${String(widest)}rem` }}
    >
      {url !== null && <img src={url} alt={name} loading='lazy' onError={renew} />}
    </button>
  )
}

function File ({ attachment: { file, name, size, content_type: type } }: { attachment: Attachment }) {
  const { files } = useSession()
  const { timeline } = words.value
  const { url, renew } = useFileUrl(file, false)
  if (type.startsWith('video/') && url !== null)
    return <video class='film' controls preload='metadata' src={url} aria-label={name} onError={renew} />
  // An old link is replaced when it is followed.
  const follow = async (link: HTMLAnchorElement) => {
    const fresh = await files.downloadUrl(file)
    if (link.href !== fresh) link.href = fresh
  }
  return (
    <a
      class='file' href={url ?? '#'} download={name} aria-label={timeline.download(name)}
      onPointerEnter={({ currentTarget }) => void follow(currentTarget).catch(() => undefined)}
      onFocus={({ currentTarget }) => void follow(currentTarget).catch(() => undefined)}
    >
      <span class='file-icon'><Icon name='download' /></span>
      <span class='grow'>
        <span class='cut file-name'>{name}</span>
        <span class='quiet'>{fileSize(size)}</span>
      </span>
    </a>
  )
}
