/** A QR code, drawn as one path. */
import { encode } from 'uqr'
import { useMemo } from 'preact/hooks'

/** The empty space around a code that its standard asks for. */
const BORDER = 4

/** The code of a text. @param label its name for those who do not see it */
export function QrCode ({ text, label }: { text: string, label: string }) {
  const { size, path } = useMemo(() => drawingOf(text), [text])
  return (
    <svg class='qr-code' viewBox={`0 0 ${String(size)} ${String(size)}`} role='img' aria-label={label}>
      <path d={path} shape-rendering='crispEdges' />
    </svg>
  )
}

function drawingOf (text: string): { size: number, path: string } {
  const { data } = encode(text, { border: BORDER })
  const squares = data.flatMap((row, y) =>
    row.flatMap((isDark, x) => isDark ? [`M${String(x)} ${String(y)}h1v1h-1z`] : []))
  return { size: data.length, path: squares.join('') }
}
