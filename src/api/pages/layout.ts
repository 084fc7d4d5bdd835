/** The one design that all pages share. No script, nothing loaded from anywhere, one style element. */
import { COLOURS, LOGO } from './brand.ts'
import { documentHeaders, documentOf } from './document.ts'
import { html, type Html } from './html.ts'

// Written as markup so that it is never escaped.
const STYLE = html`${COLOURS}*, ::before, ::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; min-height: 100vh; min-height: 100dvh; padding: 32px 20px;
  display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 24px;
  background: radial-gradient(90rem 34rem at 50% -12rem, var(--glow), transparent) no-repeat var(--ground);
  color: var(--ink); font: 1rem/1.55 var(--font);
}
header, main, footer { width: 100%; max-width: 27rem; }
.brand { display: inline-flex; align-items: center; gap: 10px; color: var(--ink); font-size: 1.125rem; font-weight: 700; letter-spacing: -0.01em; text-decoration: none; }
.brand svg { width: 30px; height: 30px; color: var(--accent); }
.brand .dots { fill: var(--card); }
main { padding: 32px; background: var(--card); border: 1px solid var(--line); border-radius: 16px; box-shadow: 0 1px 2px rgb(16 16 40 / 5%), 0 16px 40px -16px rgb(16 16 40 / 16%); }
h1 { margin: 0 0 10px; font-size: 1.625rem; line-height: 1.2; letter-spacing: -0.02em; text-wrap: balance; }
p { margin: 0 0 16px; overflow-wrap: anywhere; }
main > :last-child { margin-bottom: 0; }
.lead { color: var(--quiet); margin-bottom: 24px; }
.lead strong { color: var(--ink); }
a { color: var(--accent); text-underline-offset: 3px; }
a:hover { color: var(--accent-strong); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 6px; }
.state { display: inline-flex; align-items: center; gap: 8px; margin: 0 0 18px; padding: 4px 12px 4px 10px; border-radius: 999px; background: var(--good-soft); color: var(--good); font-size: 0.875rem; font-weight: 600; }
.state::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: currentcolor; }
.state.poor { background: var(--poor-soft); color: var(--poor); }
.state.bad { background: var(--bad-soft); color: var(--bad); }
.links { display: flex; flex-wrap: wrap; justify-content: center; gap: 8px 24px; margin: 24px 0 0; padding: 20px 0 0; border-top: 1px solid var(--line); list-style: none; font-size: 0.9375rem; }
.alert { margin: 0 0 20px; padding: 12px 14px; border: 1px solid var(--bad-line); border-radius: 10px; background: var(--bad-soft); color: var(--bad); font-weight: 500; }
form { margin: 0; }
label { display: block; margin: 0 0 6px; font-size: 0.9375rem; font-weight: 600; }
input { width: 100%; min-height: 46px; margin: 0 0 18px; padding: 10px 12px; border: 1px solid var(--field-line); border-radius: 10px; background: var(--field); color: inherit; font: inherit; }
input:focus-visible { border-color: var(--accent); outline-offset: 0; border-radius: 10px; }
input[aria-invalid="true"] { border-color: var(--bad); }
.hint { margin: -10px 0 18px; color: var(--quiet); font-size: 0.875rem; }
.button { display: block; width: 100%; min-height: 46px; padding: 11px 18px; border: 0; border-radius: 10px; background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600; line-height: 1.5; text-align: center; text-decoration: none; cursor: pointer; }
.button:hover { background: var(--accent-strong); color: var(--on-accent); }
.button.second { margin-top: 12px; border: 1px solid var(--field-line); background: transparent; color: var(--accent); }
.button.second:hover { background: var(--ground); color: var(--accent-strong); }
footer { color: var(--quiet); font-size: 0.875rem; text-align: center; }
footer a { color: inherit; }
@media (max-width: 30rem) {
  body { justify-content: flex-start; padding: 20px 14px; gap: 18px; }
  main { padding: 26px 20px; }
}
@media (forced-colors: active) {
  .button, .state, .alert { border: 1px solid; }
}
`

/** Headers of a page, beside those of every answer: forms post to this server only. */
export const PAGE_HEADERS = documentHeaders({ style: STYLE, formAction: '\'self\'' })

/** The complete document around the content of one page. `title` is shown in the browser's tab. */
export function page ({ title, content }: { title: string, content: Html }): string {
  return documentOf({
    title,
    style: STYLE,
    body: html`<header><a class="brand" href="/">${LOGO}Confab</a></header>
<main>
${content}
</main>
<footer>Self-hosted real-time chat</footer>`
  })
}

/** A sentence about what went wrong, read out by screen readers; nothing without one. */
export function alert (message: string | undefined): Html {
  return message === undefined ? html`` : html`<p class="alert" id="problem" role="alert">${message}</p>`
}

/** The attributes of a field that tie it to {@link alert}; to be spread inside its tag. */
export function invalid (message: string | undefined): Html {
  return message === undefined ? html`` : html` aria-invalid="true" aria-describedby="problem"`
}
