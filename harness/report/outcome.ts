/** Writes the report of a run for people and machines, and returns its path. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { renderHtml } from '../../reports/render/html.ts'
import type { PageAssets } from '../../reports/render/html-page.ts'
import { renderJson } from '../../reports/render/json.ts'
import { renderJunit } from '../../reports/render/junit.ts'
import { renderMarkdown } from '../../reports/render/markdown.ts'
import type { Report } from '../../reports/render/model.ts'
import { repoRoot } from '../world/places.ts'

/** Writes the report in every format into `folder`; returns the path of the page for people. */
export function writeReport(folder: string, report: Report): string {
  const page = join(folder, 'report.html')
  writeFileSync(page, renderHtml(report, pageAssets()))
  writeFileSync(join(folder, 'report.json'), renderJson(report))
  writeFileSync(join(folder, 'junit.xml'), renderJunit(report))
  writeFileSync(join(folder, 'summary.md'), renderMarkdown(report))
  return page
}

function pageAssets(): PageAssets {
  const page = join(repoRoot, 'reports/render/page')
  const uplot = join(dirname(createRequire(import.meta.url).resolve('uplot/package.json')), 'dist')
  return {
    chartLibraryScript: text(uplot, 'uPlot.iife.min.js'),
    chartLibraryStyle: text(uplot, 'uPlot.min.css'),
    scripts: [text(page, 'charts.js'), text(page, 'page.js')],
    style: text(page, 'style.css'),
  }
}

/** What a page embeds that has charts, and nothing to filter. */
export function chartAssets(): PageAssets {
  const scripts = [text(join(repoRoot, 'reports/render/page'), 'charts.js')]
  return { ...pageAssets(), scripts }
}

/** The same for the page of many nights. */
export function trendAssets(): PageAssets {
  const { style, ...assets } = chartAssets()
  const own = text(join(repoRoot, 'reports/render/page'), 'trend.css')
  return { ...assets, style: `${style}\n${own}` }
}

const text = (folder: string, name: string) => readFileSync(join(folder, name), 'utf8')

/** Where runs are kept that were given no folder. */
const runsFolder = join(repoRoot, 'reports/runs')

/** A folder's name for a run that starts now: sortable, and without characters that need quotes. */
export function runFolder(unixMs: number, seed: string, within = runsFolder): string {
  const stamp = new Date(unixMs).toISOString().slice(0, 19).replaceAll(':', '-')
  const folder = join(within, `${stamp}-${seed.replaceAll(/[^\w-]/g, '_')}`)
  return existsSync(folder) ? `${folder}-${process.pid}` : folder
}
