/** A screen of the entrance: a card with a form. */
import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Button } from '../design/button.tsx'
import { Logo } from '../design/icon.tsx'
import { pendingInvite } from '../invites/pending-invite.ts'
import { words } from '../words/index.ts'
import { problemText } from '../words/problems.ts'

/** Properties of {@link FormScreen}. */
export type FormScreenProps = {
  title: string
  lead: string
  submit: string
  /** Gets the values of the fields by their names. What it throws is shown. */
  onSubmit: (values: Readonly<Record<string, string>>) => Promise<void>
  links: ComponentChildren
  children: ComponentChildren
}

/** A screen with a form. */
export function FormScreen ({ title, lead, submit, onSubmit, links, children }: FormScreenProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  const [problem, setProblem] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  useLayoutEffect(() => heading.current?.focus(), [])
  const send = async (form: HTMLFormElement) => {
    setBusy(true)
    setProblem(null)
    const values = Object.fromEntries([...new FormData(form)].map(([name, value]) =>
      [name, typeof value === 'string' ? value : '']))
    await onSubmit(values).catch((error: unknown) => setProblem(error))
    setBusy(false)
  }
  return (
    <EntranceCard>
      <h1 ref={heading} tabIndex={-1}>{title}</h1>
      {pendingInvite.value !== null && <p class='notice'>{words.value.shell.signInToJoin}</p>}
      <p class='quiet'>{lead}</p>
      {problem !== null && <p class='alert' role='alert'>{problemText(problem)}</p>}
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (!isBusy) void send(event.currentTarget)
        }}
      >
        {children}
        <Button type='submit' isBusy={isBusy}>{submit}</Button>
      </form>
      <p class='entrance-links'>{links}</p>
    </EntranceCard>
  )
}

/** The card alone. */
export function EntranceCard ({ children }: { children: ComponentChildren }) {
  return (
    <main class='entrance'>
      <a class='entrance-brand' href='/'><Logo />{words.value.brand}</a>
      <div class='entrance-card'>{children}</div>
    </main>
  )
}
