/** A page as a document: one style element, no script, nothing loaded from anywhere. */
import { createHash } from 'node:crypto'
import { html, type Html } from './html.ts'

/**
 * Headers of a page, beside those of every answer. Nothing but its own style takes effect in the browser (CSP level 2,
 * hash source), and no page is framed.
 * @param formAction where its forms may go
 */
export function documentHeaders ({ style, formAction }: { style: Html, formAction: '\'self\'' | '\'none\'' }) {
  const hash = createHash('sha256').update(style.toString()).digest('base64')
  return Object.freeze({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      `default-src 'none'; style-src 'sha256-${hash}'; form-action ${formAction}; base-uri 'none'; frame-ancestors ` +
      `'none'`
  })
}

/** The document around the body of a page. `title` is shown in the browser's tab. */
export function documentOf ({ title, style, body }: { title: string, style: Html, body: Html }): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Confab</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`.toString()
}
