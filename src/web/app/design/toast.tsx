/** Short messages at the edge of the window, some with an undo; and what screen readers are told. */
import { signal } from '@preact/signals'
import { words } from '../words/index.ts'
import { problemText } from '../words/problems.ts'
import { IconButton } from './button.tsx'

const DURATION_MS = 5_000
const MAX_TOASTS = 3

type Toast = { id: number, text: string, isBad: boolean, action?: { label: string, act: () => void } | undefined }

const toasts = signal<readonly Toast[]>([])
const announced = signal('')
let lastId = 0

/** Shows a message for some seconds. @param action a button in it, e.g. an undo */
export function showToast (
  text: string, { action, isBad = false }: { action?: Toast['action'], isBad?: boolean } = {}
): void {
  const id = ++lastId
  toasts.value = [...toasts.value, { id, text, isBad, action }].slice(-MAX_TOASTS)
  setTimeout(() => hide(id), DURATION_MS)
}

/** Shows that something has failed. */
export function showProblem (error: unknown): void {
  showToast(problemText(error), { isBad: true })
}

/** Tells screen readers something that others see elsewhere. */
export function announce (text: string): void {
  // The same text twice is no change, which would be silent.
  announced.value = announced.value === text ? `${text}\u00a0` : text
}

function hide (id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id)
}

/** The place of the messages; one in the page. */
export function Toasts () {
  return (
    <>
      <div class='toasts' role='status'>
        {toasts.value.map(({ id, text, isBad, action }) => (
          <div key={id} class={`toast ${isBad ? 'is-bad' : ''}`}>
            <span class='toast-text'>{text}</span>
            {action !== undefined && (
              <button
                type='button' class='link-button' onClick={() => {
                  hide(id)
                  action.act()
                }}
              >
                {action.label}
              </button>
            )}
            <IconButton icon='close' size='s' label={words.value.close} onClick={() => hide(id)} />
          </div>
        ))}
      </div>
      <div class='unseen' role='status' aria-live='polite'>{announced.value}</div>
    </>
  )
}
