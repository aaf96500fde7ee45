/**
 * What every page of ours is: one HTML file that needs no network, with its style, its scripts and
 * the data of its charts embedded.
 */
import { createHash } from 'node:crypto'
import { embed, text } from './markup.ts'

/** Files embedded in the page unchanged: the chart library and our own script and style. */
export interface PageAssets {
  readonly chartLibraryScript: string
  readonly chartLibraryStyle: string
  readonly scripts: readonly string[]
  readonly style: string
}

export interface HtmlPage {
  readonly title: string
  /** HTML; what comes from outside is escaped in it. */
  readonly body: string
  /** What the chart script reads, one entry for each group of charts. */
  readonly charts: readonly unknown[]
}

export function htmlPage({ title, body, charts }: HtmlPage, assets: PageAssets): string {
  const style = `${assets.chartLibraryStyle}\n${assets.style}`
  const scripts = [assets.chartLibraryScript, ...assets.scripts]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy(style, scripts)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${text(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
<script type="application/json" id="charts">${embed(charts)}</script>
${scripts.map((script) => `<script>${script}</script>`).join('\n')}
</body>
</html>
`
}

/** Text from a target cannot run or load anything, even if the escaping failed. */
function contentPolicy(style: string, scripts: readonly string[]): string {
  const hash = (code: string) => `'sha256-${createHash('sha256').update(code).digest('base64')}'`
  const allowed = `script-src ${scripts.map(hash).join(' ')}; style-src ${hash(style)}`
  return `default-src 'none'; ${allowed}; base-uri 'none'; form-action 'none'`
}
