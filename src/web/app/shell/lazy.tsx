/** Parts of the page that are loaded when they are needed first: each is a file of its own in the bundle. */
import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Button } from '../design/button.tsx'
import { EmptyState } from '../design/empty-state.tsx'
import { Spinner } from '../design/spinner.tsx'
import { loadMoreWords, words } from '../words/index.ts'

/**
 * Makes a component of one that is loaded. A server of another build does not have its file: the page is loaded again,
 * since browsers keep that a module could not be had.
 */
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
    if (isFailed) {
      return (
        <EmptyState icon='warning' title={words.value.shell.failed}>
          <Button kind='second' onClick={() => location.reload()}>{words.value.retry}</Button>
        </EmptyState>
      )
    }
    return Shown === undefined ? <div class='centred'><Spinner /></div> : <Shown {...props} />
  }
}
