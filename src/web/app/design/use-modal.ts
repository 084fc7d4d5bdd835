/** Shows a native dialog, which keeps the focus inside, as long as its component is there. */
import type { Ref } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

/** Opens it over the page, and gives the focus back at the end. @returns the reference that the dialog gets */
export function useModal (): Ref<HTMLDialogElement> {
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    const { current: shown } = dialog
    shown?.showModal()
    // Nothing outside can have the focus before it is closed.
    return () => shown?.close()
  }, [])
  return dialog
}
