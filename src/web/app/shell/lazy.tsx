/** Parts of the page that are loaded when they are needed first: each is a file of its own in the bundle. */
import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { EmptyState } from '../design/empty-state.tsx'
import { Spinner } from '../design/spinner.tsx'
import { loadMoreWords, words } from '../words/index.ts'

/** Makes a component of one that is loaded. */
export function lazy<Props extends object> (load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let loaded: ComponentType<Props> | undefined
  return function Lazy (props: Props) {
    const [Shown, setShown] = useState<ComponentType<Props> | undefined>(() => loaded)
    const [isFailed, setFailed] = useState(false)
    useEffect(() => {
      if (Shown !== undefined) return
      Promise.all([load(), loadMoreWords()]).then(([component]) => {
        loaded = component
        setShown(() => component)
      }, () => setFailed(true))
    }, [])
    if (isFailed) return <EmptyState icon='warning' title={words.value.shell.failed} />
    return Shown === undefined ? <div class='centred'><Spinner /></div> : <Shown {...props} />
  }
}
