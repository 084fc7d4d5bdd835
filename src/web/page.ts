/** The document at `/app`. Its script creates all content; without scripts it shows a notice. */
import { LOGO } from '../api/pages/brand.ts'
import { html } from '../api/pages/html.ts'
import type { FirstLoad } from './assets.ts'

const ASSETS = '/app/assets'

/**
 * Headers of the page, in addition to those of every answer. Scripts, styles and connections are restricted to this
 * server, files also to where they are stored, and no text can become markup or a script (Trusted Types, where browsers
 * support them).
 * @param filesOrigin where files are sent to and downloaded from, if that is another origin
 */
export function appHeaders (filesOrigin: string | undefined) {
  const files = filesOrigin === undefined ? '' : ` ${filesOrigin}`
  return Object.freeze({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': [
      'default-src \'none\'',
      'script-src \'self\'',
      'style-src \'self\'',
      `connect-src 'self'${files}`,
      `img-src 'self' blob: data:${files}`,
      `media-src 'self' blob:${files}`,
      'manifest-src \'self\'',
      'worker-src \'self\'',
      'form-action \'none\'',
      'base-uri \'none\'',
      'frame-ancestors \'none\'',
      'require-trusted-types-for \'script\'',
      // The one policy lets the service worker be registered, whose address is a script for the browser.
      'trusted-types confab-worker'
    ].join('; ')
  })
}

/** The page. */
export function appPage ({ script, style, preload }: FirstLoad): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content, viewport-fit=cover">
<meta name="description" content="Chats, groups and channels of this Confab server.">
<meta name="color-scheme" content="light dark">
<meta name="theme-color" content="#f5f5fa" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="#101018" media="(prefers-color-scheme: dark)">
<title>Confab</title>
<link rel="icon" href="${ASSETS}/icon.svg" type="image/svg+xml">
<link rel="apple-touch-icon" href="${ASSETS}/icon-192.png">
<link rel="manifest" href="/app/app.webmanifest">
<link rel="stylesheet" href="${ASSETS}/${style}">
<script type="module" src="${ASSETS}/${script}"></script>
${preload.map(
  (name) => html`<link rel="modulepreload" href="${ASSETS}/${name}">
`
)}</head>
<body>
<div id="app"><div class="boot">${LOGO}<noscript><p>The chat needs JavaScript.</p></noscript></div></div>
</body>
</html>
`.toString()
}
