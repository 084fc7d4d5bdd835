/** A sound of a message. */
import { useEffect, useRef } from 'preact/hooks'
import type { Attachment, ListedMessage } from '../../../client/index.ts'
import { IconButton } from '../design/button.tsx'
import { announce, showProblem } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import { voiceOf } from '../state/content-kind.ts'
import { saveFile } from '../timeline/save-file.ts'
import { words } from '../words/more.ts'
import { problemText } from '../words/problems.ts'
import { changeSpeed, pauseSound, seek, soundOf, speed, toggle } from './playback.ts'
import { SoundControls, speedText } from './sound-controls.tsx'

/** Properties of {@link SoundPlayer}. */
export type SoundPlayerProps = { message: ListedMessage, attachment: Attachment }

/** The player. A voice message needs no name; what was attached has one, and can be downloaded. */
export function SoundPlayer ({ message, attachment: { file, name } }: SoundPlayerProps) {
  const { files } = useSession()
  const { player } = words.value
  const { timeline, chats } = words.value
  const voice = voiceOf(message)
  const { value: sound } = soundOf(file, voice === null ? null : voice.duration_ms / 1_000)
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const row = place.current?.closest('li')
    // A row that stays without its sound was deleted; one that was only scrolled away goes on.
    return () => requestAnimationFrame(() => {
      if (row?.isConnected === true) pauseSound(file)
    })
  }, [file])
  const hasProblem = sound.problem !== null
  return (
    <div ref={place} class='sound' role='group' aria-label={voice === null ? name : chats.voice}>
      {(voice === null || hasProblem) && (
        <p class='sound-head'>
          <span class='file-name cut grow' dir='auto'>{name}</span>
          <IconButton
            icon='download' size='s' label={timeline.download(name)}
            onClick={() => void files.downloadUrl(file).then((url) => saveFile(url, name), showProblem)}
          />
        </p>
      )}
      <SoundControls
        sound={sound} speed={speed.value}
        onToggle={() => toggle({ file, chat: message.chat, parent: message.parent })}
        onSeek={(position) => seek(file, position)}
        onSpeed={() => announce(player.speed(speedText(changeSpeed())))}
        // Where a sound needs a click, the link may not take long from there on.
        onNear={() => void files.downloadUrl(file).catch(() => undefined)}
      />
      {hasProblem && (
        <p class='sound-problem' role='alert'>
          {sound.problem instanceof MediaError ? player.notPlayable : problemText(sound.problem)}
        </p>
      )}
    </div>
  )
}
