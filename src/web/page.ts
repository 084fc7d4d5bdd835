/** The document at `/app`. Its script creates all content; without scripts it shows a notice. */
import { LOGO } from '../api/pages/brand.ts'
import { html } from '../api/pages/html.ts'

const ASSETS = '/app/assets'

/**
 * Headers of the page, in addition to those of every answer. Scripts, styles and connections are restricted to this
 * server, and no text can become markup or a script (Trusted Types, where browsers support them).
 */
export const APP_HEADERS = Object.freeze({
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    'default-src \'none\'',
    'script-src \'self\'',
    'style-src \'self\'',
    'connect-src \'self\'',
    'img-src \'self\'',
    'form-action \'none\'',
    'base-uri \'none\'',
    'frame-ancestors \'none\'',
    'require-trusted-types-for \'script\'',
    'trusted-types \'none\''
  ].join('; ')
})

/** @param modules names of the scripts; the first one runs, the others are preloaded */
export function appPage ([entry = '', ...modules]: readonly string[]): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content">
<meta name="color-scheme" content="light dark">
<meta name="theme-color" content="#f5f5fa" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="#101018" media="(prefers-color-scheme: dark)">
<title>Confab</title>
<link rel="icon" href="${ASSETS}/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${ASSETS}/style.css">
<script type="module" src="${ASSETS}/${entry}"></script>
${modules.map(
  (name) => html`<link rel="modulepreload" href="${ASSETS}/${name}">
`
)}</head>
<body>
<div id="app"><div class="boot">${LOGO}<noscript><p>The chat needs JavaScript.</p></noscript></div></div>
</body>
</html>
`.toString()
}
