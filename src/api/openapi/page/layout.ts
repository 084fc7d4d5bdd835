/**
 * The design of `/docs`: that of the other pages, with room for tables and code. No script, and no external resources.
 */
import { COLOURS, LOGO } from '../../pages/brand.ts'
import { documentHeaders, documentOf } from '../../pages/document.ts'
import { html, type Html } from '../../pages/html.ts'

// Written as markup so that it is never escaped.
const STYLE = html`${COLOURS}*, ::before, ::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-padding-top: 24px; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.6 var(--font); }
a { color: var(--accent); text-underline-offset: 3px; }
a:hover { color: var(--accent-strong); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 6px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 16px; top: 12px; padding: 8px 14px; background: var(--card); z-index: 1; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 24px; padding: 18px 28px; background: var(--card); border-bottom: 1px solid var(--line); }
.brand { display: inline-flex; align-items: center; gap: 10px; margin-right: auto; color: var(--ink); font-size: 1.125rem; font-weight: 700; letter-spacing: -0.01em; text-decoration: none; }
.brand svg { width: 30px; height: 30px; color: var(--accent); }
.brand .dots { fill: var(--card); }
.columns { display: grid; grid-template-columns: 18.5rem minmax(0, 1fr); max-width: 84rem; margin: 0 auto; }
nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding: 28px 12px 40px 28px; font-size: 0.875rem; line-height: 1.4; }
nav ul { margin: 0; padding: 0; list-style: none; }
nav > ul > li { margin-bottom: 18px; }
nav > ul > li > a { display: block; margin-bottom: 4px; color: var(--ink); font-weight: 650; text-decoration: none; }
nav li li a { display: block; padding: 3px 10px; border-left: 2px solid var(--line); color: var(--quiet); text-decoration: none; overflow-wrap: anywhere; }
nav a:hover { color: var(--accent); border-color: var(--accent); }
main { padding: 36px 28px 80px; min-width: 0; }
h1 { margin: 0 0 10px; font-size: 2rem; line-height: 1.15; letter-spacing: -0.02em; }
h2 { margin: 64px 0 6px; font-size: 1.5rem; line-height: 1.2; letter-spacing: -0.015em; }
h3 { display: flex; flex-wrap: wrap; align-items: baseline; gap: 6px 12px; margin: 0 0 8px; font-size: 1.0625rem; line-height: 1.35; }
h3 > code { padding: 0; background: none; font-size: 1rem; overflow-wrap: anywhere; }
h4 { margin: 22px 0 8px; font-size: 0.8125rem; text-transform: uppercase; letter-spacing: 0.06em; color: var(--quiet); }
p { margin: 0 0 12px; max-width: 46rem; }
.lead { color: var(--quiet); font-size: 1.0625rem; }
.anchor { color: inherit; text-decoration: none; }
.anchor::after { content: " #"; color: var(--quiet); opacity: 0; font-weight: 400; }
.anchor:hover::after, .anchor:focus-visible::after { opacity: 1; }
article { margin: 20px 0; padding: 24px 26px; background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
article:target { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
article > :last-child { margin-bottom: 0; }
.method { padding: 2px 9px; border-radius: 6px; background: var(--touched); font: 700 0.75rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; letter-spacing: 0.03em; }
.method.post, .method.client { background: var(--accent); color: var(--on-accent); }
.summary { font-size: 1.0625rem; font-weight: 600; }
.needs { color: var(--quiet); font-size: 0.9375rem; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { padding: 1px 5px; border-radius: 5px; background: var(--touched); font-size: 0.875em; overflow-wrap: anywhere; }
pre { margin: 8px 0 14px; padding: 14px 16px; overflow-x: auto; border: 1px solid var(--line); border-radius: 10px; background: var(--ground); font-size: 0.8125rem; line-height: 1.55; }
pre code { padding: 0; background: none; font-size: inherit; overflow-wrap: normal; }
.fields { margin: 0 0 12px; padding: 0; list-style: none; border-top: 1px solid var(--line); }
.fields li { padding: 9px 0; border-bottom: 1px solid var(--line); }
.fields .fields { margin: 8px 0 0 18px; border-bottom: 0; }
.fields .fields li:last-child { border-bottom: 0; padding-bottom: 0; }
.name { padding: 0; background: none; font-weight: 650; }
.type, .must { font-size: 0.875rem; }
.type { color: var(--quiet); overflow-wrap: anywhere; }
.must { color: var(--poor); }
.fields p { margin: 2px 0 0; font-size: 0.9375rem; }
details { margin: 0; border-bottom: 1px solid var(--line); }
details:first-of-type { border-top: 1px solid var(--line); }
summary { display: flex; gap: 12px; align-items: baseline; padding: 10px 2px; cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary::after { content: "+"; margin-left: auto; color: var(--quiet); font-weight: 600; }
details[open] > summary::after { content: "−"; }
summary .codes { min-width: 0; color: var(--quiet); font-size: 0.9375rem; overflow-wrap: anywhere; }
.status { font: 700 0.9375rem ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; color: var(--good); }
.status.refused { color: var(--bad); }
.inside { padding: 0 0 12px; }
.table { overflow-x: auto; margin: 16px 0; background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
table { width: 100%; border-collapse: collapse; font-size: 0.9375rem; }
th, td { padding: 10px 14px; text-align: left; vertical-align: top; }
th { color: var(--quiet); font-size: 0.8125rem; white-space: nowrap; }
tr + tr > *, tbody > tr:first-child > * { border-top: 1px solid var(--line); }
td:first-child { white-space: nowrap; }
td:last-child { min-width: 16rem; }
@media (max-width: 58rem) {
  .columns { display: block; }
  nav { position: static; max-height: none; padding: 18px 18px 0; }
  nav > ul { display: flex; flex-wrap: wrap; gap: 8px; }
  nav > ul > li { margin: 0; }
  nav > ul > li > a { margin: 0; padding: 7px 12px; border: 1px solid var(--line); border-radius: 999px; background: var(--card); font-weight: 500; }
  nav ul ul { display: none; }
  header { padding: 14px 18px; }
  main { padding: 26px 14px 60px; }
  article { padding: 20px 16px; }
  h1 { font-size: 1.75rem; }
}
@media (forced-colors: active) {
  .method, article { border: 1px solid; }
}
`

/** Headers of the page, in addition to those of every answer. */
export const DOCS_HEADERS = documentHeaders({ style: STYLE, formAction: '\'none\'' })

/** A section of the page and its items, with anchors. */
export type Contents = { id: string, title: string, items: readonly { id: string, title: string }[] }

/** The complete document around its content. */
export function layOut ({ contents, content }: { contents: readonly Contents[], content: Html }): string {
  return documentOf({
    title: 'API',
    style: STYLE,
    body: html`<a class="skip" href="#content">To the content</a>
<header><a class="brand" href="/">${LOGO}Confab</a><a href="/openapi.json">openapi.json</a><a href="/asyncapi.json">asyncapi.json</a></header>
<div class="columns">
<nav aria-label="Contents"><ul>
${contents.map(
  ({ id, title, items }) => html`<li><a href="#${id}">${title}</a>
<ul>${items.map((item) => html`<li><a href="#${item.id}">${item.title}</a></li>`)}</ul></li>
`
)}</ul></nav>
<main id="content">
${content}
</main>
</div>`
  })
}
