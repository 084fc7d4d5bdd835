/** Says that there is no connection, and what waits for it. */
import { Icon } from '../design/icon.tsx'
import { useSession } from '../session/context.ts'
import { words } from '../words/index.ts'

/** The banner; nothing while there is a connection. */
export function ConnectionBanner () {
  const { client, connection } = useSession()
  const { state, isLost } = connection.value
  const { shell } = words.value
  return (
    <div role='status' class='banner-place'>
      {isLost && (
        <div class='banner'>
          <Icon name='warning' />
          <span>{shell.noConnection}</span>
          {client.unsent > 0 && <span>{shell.unsent(client.unsent)}</span>}
          {state === 'connecting'
            ? <span>{shell.reconnecting}</span>
            : <button type='button' class='link-button' onClick={() => client.reconnectNow()}>{shell.tryNow}</button>}
        </div>
      )}
    </div>
  )
}
