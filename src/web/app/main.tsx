/** The web client's entrance: shows the page in the language of the browser. */
import { render } from 'preact'
import { App } from './shell/app.tsx'
import { startAppearance } from './state/appearance.ts'
import { startLanguage } from './words/index.ts'

const place = document.querySelector('#app')
startAppearance()
if (place !== null) {
  void startLanguage().then(() => {
    place.replaceChildren()
    render(<App />, place)
  })
}
