/** The picture of a user or a chat, or its initials. */
import { useState } from 'preact/hooks'
import { hueOf, initialsOf } from '../state/people.ts'

/** Properties of {@link Avatar}. */
export type AvatarProps = {
  /** Decides the colour. */
  id: string
  name: string
  /** The URL of a picture. Only those of this server are shown: others would learn who reads here, and when. */
  picture?: string | null
  size?: 's' | 'm' | 'l' | 'xl'
  isOnline?: boolean
}

/** An avatar. It is decoration: the name stands beside it. */
export function Avatar ({ id, name, picture = null, size = 'm', isOnline = false }: AvatarProps) {
  const [failed, setFailed] = useState<string | null>(null)
  const shown = picture === null ? null : placeOf(picture)
  return (
    <span class={`avatar ${size}`} style={{ '--hue': String(hueOf(id)) }} aria-hidden='true'>
      {shown === null || shown === failed
        ? <span class='initials' data-initials={initialsOf(name)} />
        : <img src={shown} alt='' loading='lazy' onError={() => setFailed(shown)} />}
      {isOnline && <span class='presence-dot' />}
    </span>
  )
}

/** Where a picture is for this page; null for one of another server. `blob:` URLs are made by this page. */
function placeOf (picture: string): string | null {
  // A picture that was sent to this server is here, whatever name of the server its URL begins with.
  const [stored] = /\/v1\/avatars\/[0-9a-f]{32}$/.exec(picture) ?? []
  return stored ?? (/^blob:/.test(picture) || picture.startsWith(`${location.origin}/`) ? picture : null)
}
