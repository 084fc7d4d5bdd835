/**
 * The design that the pages and the web client share: the colours of the light and the dark theme, the fonts, and the
 * logo.
 */
import { html, type Html } from './html.ts'

// Written as markup so that it is never escaped; it holds no interpolation.
/**
 * The colours and the fonts as custom properties of CSS. `own` and `bubble` are those of messages, `chosen` that of the
 * open chat, `touched` that of an element under the pointer.
 */
export const COLOURS: Html = html`
:root {
  color-scheme: light dark;
  --font: Inter, system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif;
  --ground: #f5f5fa; --glow: #e4e4fb; --card: #ffffff; --line: #e2e2ec; --field: #ffffff; --field-line: #8b8ba3;
  --ink: #17172b; --quiet: #585872; --accent: #4338ca; --accent-strong: #3730a3; --on-accent: #ffffff;
  --own: #4338ca; --on-own: #ffffff; --touched: #ebebf3; --bubble: #ffffff; --chosen: #e7e7fb;
  --good: #15803d; --good-soft: #dcfce7; --poor: #92400e; --poor-soft: #fef3c7; --bad: #b42318; --bad-soft: #fef1f0; --bad-line: #f4c4bf;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #101018; --glow: #1e1b4b; --card: #191924; --line: #2d2d3d; --field: #12121b; --field-line: #73738c;
    --ink: #f1f1f7; --quiet: #a8a8bd; --accent: #a5b4fc; --accent-strong: #c7d2fe; --on-accent: #17172b;
    --own: #4f46e5; --on-own: #ffffff; --touched: #262634; --bubble: #232331; --chosen: #272546;
    --good: #86efac; --good-soft: #143524; --poor: #fcd34d; --poor-soft: #3a2a0d; --bad: #fda29b; --bad-soft: #33191a; --bad-line: #6f2f2d;
  }
}
`

/** The logo, in the colour of the surrounding text. Its dots have the class `dots`. */
export const LOGO: Html = html`<svg viewBox="0 0 32 32" aria-hidden="true" focusable="false"><path fill="currentColor" d="M9 4h14a6 6 0 0 1 6 6v8a6 6 0 0 1-6 6h-8.5l-6 4.6a.9.9 0 0 1-1.5-.7V24a6 6 0 0 1-4-6v-8a6 6 0 0 1 6-6z"/><g class="dots"><circle cx="10.2" cy="14" r="1.9"/><circle cx="16" cy="14" r="1.9"/><circle cx="21.8" cy="14" r="1.9"/></g></svg>`
