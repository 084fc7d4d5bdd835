/** Sending a form: once at a time, and with the reason when it cannot be sent. */
import type { TargetedSubmitEvent } from 'preact'
import { useState } from 'preact/hooks'

/** The state of a form, and what to do when it is submitted. */
export type Submission = {
  readonly isBusy: boolean
  /** What the last attempt failed with; null when it did not. */
  readonly problem: unknown
  readonly onSubmit: (event: TargetedSubmitEvent<HTMLFormElement>) => void
}

/** Sends a form. @param send rejects with what is shown as the problem */
export function useSubmission (send: (form: HTMLFormElement) => Promise<void>): Submission {
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const submit = async (form: HTMLFormElement) => {
    setBusy(true)
    setProblem(null)
    await send(form).catch((error: unknown) => setProblem(error))
    setBusy(false)
  }
  return {
    isBusy,
    problem,
    onSubmit: (event) => {
      event.preventDefault()
      if (!isBusy) void submit(event.currentTarget)
    }
  }
}
