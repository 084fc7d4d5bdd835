/** Links of this page, and the clipboard. */
import { showToast } from '../design/toast.tsx'
import { words } from '../words/more.ts'

/** Copies a text. @returns whether the browser has allowed it */
export async function copyText (text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}

/** Copies a text, and says so. @param done the sentence */
export async function copyWithToast (text: string, done: string): Promise<void> {
  if (await copyText(text)) showToast(done)
  else showToast(words.value.details.notCopied, { isBad: true })
}

/** The link to a place of this page. @param address such as `#/chats/…` */
export function linkTo (address: string): string {
  return `${location.origin}${location.pathname}${address}`
}
