/** Saves a file under its name. @param url where its content is */
export function saveFile (url: string, name: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
}
