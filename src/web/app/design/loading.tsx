/** The states before something is there: on its way, or failed with a way to try again. */
import type { ComponentChildren } from 'preact'
import type { Loaded } from '../state/loaded.ts'
import { words } from '../words/index.ts'
import { problemText } from '../words/problems.ts'
import { Button } from './button.tsx'
import { EmptyState } from './empty-state.tsx'
import { Spinner } from './spinner.tsx'

/** Properties of {@link Loading}. */
export type LoadingProps<Value> = { of: Loaded<Value>, children: (value: Value) => ComponentChildren }

/** Shows what is loaded once it is. */
export function Loading<Value> ({ of: { value, problem, reload }, children }: LoadingProps<Value>) {
  if (value !== undefined) return <>{children(value)}</>
  if (problem === null) return <div class='centred'><Spinner /></div>
  return (
    <EmptyState icon='warning' title={problemText(problem)}>
      <Button kind='second' onClick={reload}>{words.value.retry}</Button>
    </EmptyState>
  )
}
