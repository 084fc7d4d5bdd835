/** What a browser keeps of its user. */
import type { Page } from 'playwright-core'

/** Everything in the databases of the page, as JSON. */
export async function keptTexts (page: Page): Promise<string> {
  const kept: unknown = await page.evaluate(`indexedDB.databases().then((all) => Promise.all(all.map(({ name }) =>
    new Promise((resolve) => {
      const opening = indexedDB.open(name)
      opening.onsuccess = () => {
        const reading = opening.result.transaction('values').objectStore('values').getAll()
        reading.onsuccess = () => { opening.result.close(); resolve(JSON.stringify(reading.result)) }
      }
    })))).then((texts) => texts.join())`)
  return String(kept)
}
