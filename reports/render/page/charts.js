/**
 * Draws the charts that can be seen: phases as pale bands, faults as red ones with their names,
 * limits and first signs of failures as lines. A chart in a folded part is drawn once it is opened.
 */
(() => {
  const documents = JSON.parse(document.getElementById('charts').textContent)
  const colourCount = 8
  const height = 200
  const plots = new Map()
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

  /** One x axis for all series of a chart: the union of their times; a missing value stays null. */
  function align(series) {
    const times = [...new Set(series.flatMap(({ t }) => t))].sort((a, b) => a - b)
    const place = new Map(times.map((t, index) => [t, index]))
    const columns = series.map(({ t, v }) => {
      const column = new Array(times.length).fill(undefined)
      t.forEach((time, index) => { column[place.get(time)] = v[index] })
      return column
    })
    return [times, ...columns]
  }

  /** As much of a name as its band has room for; nothing where that says nothing. */
  function fitted(ctx, name, width) {
    if (ctx.measureText(name).width <= width) return name
    for (let length = name.length - 1; length > 5; length--) {
      const part = `${name.slice(0, length)}…`
      if (ctx.measureText(part).width <= width) return part
    }
    return ''
  }

  function drawBands(u, { phases, faults, signs }, limits) {
    const { ctx, bbox } = u
    const line = 11 * devicePixelRatio
    const x = (seconds) => Math.min(Math.max(u.valToPos(seconds, 'x', true), bbox.left), bbox.left + bbox.width)
    ctx.save()
    ctx.font = `${line}px system-ui, sans-serif`
    phases.forEach(({ name, from, to }, index) => {
      ctx.fillStyle = colour(index % 2 ? 'phase-a' : 'phase-b')
      ctx.fillRect(x(from), bbox.top, x(to) - x(from), bbox.height)
      ctx.fillStyle = colour('soft')
      ctx.fillText(fitted(ctx, name, x(to) - x(from) - 6), x(from) + 3, bbox.top + line)
    })
    const lanes = []
    faults.forEach(({ number, name, from, to }) => {
      const width = Math.max(x(to) - x(from), 1)
      ctx.fillStyle = colour('fault')
      ctx.fillRect(x(from), bbox.top, width, bbox.height)
      ctx.fillStyle = colour('fail')
      // Faults that overlap are named in lines of their own.
      const lane = [...lanes, -1].findIndex((free) => free <= from)
      lanes[lane] = to
      const y = bbox.top + line * (2.4 + 1.2 * lane)
      const words = fitted(ctx, `${number} ${name}`, width - 6)
      ctx.fillText(words === '' ? String(number) : words, x(from) + 3, y)
    })
    ctx.strokeStyle = colour('fail')
    ctx.lineWidth = devicePixelRatio
    ctx.setLineDash([6, 4])
    ctx.fillStyle = colour('fail')
    for (const { name, v } of limits) {
      const y = u.valToPos(v, 'y', true)
      ctx.fillText(name, bbox.left + 4, y - 3 * devicePixelRatio)
      ctx.beginPath()
      ctx.moveTo(bbox.left, y)
      ctx.lineTo(bbox.left + bbox.width, y)
      ctx.stroke()
    }
    ctx.setLineDash([2, 2])
    for (const sign of signs) {
      ctx.beginPath()
      ctx.moveTo(x(sign), bbox.top)
      ctx.lineTo(x(sign), bbox.top + bbox.height)
      ctx.stroke()
    }
    ctx.restore()
  }

  /** Short units stand on the axis; of the others the caption tells. */
  const axisUnits = { MiB: ' MiB', ms: ' ms', s: ' s', '%': ' %', times: '×', 'records/s': '/s', '/s': '/s', 'MiB/s': ' MiB/s' }
  const inUnit = (value, unit) => `${value.toLocaleString('en', { maximumFractionDigits: 2 })}${axisUnits[unit] ?? ''}`

  /** Seconds of a scenario, or the names of nights, of which a few have room. */
  const tickOf = (labels, tick) => labels === undefined ? `${tick} s` : labels[tick] ?? ''

  function axes(unit, labels) {
    const shared = { stroke: colour('soft'), grid: { stroke: colour('grid'), width: 1 }, ticks: { stroke: colour('grid'), width: 1 }, font: '12px system-ui, sans-serif' }
    const widest = (ticks) => Math.max(0, ...ticks.map((tick) => tick.length))
    return [
      { ...shared, size: 32, values: (_, ticks) => ticks.map((tick) => tickOf(labels, tick)) },
      {
        ...shared,
        values: (_, ticks) => ticks.map((tick) => inUnit(tick, unit)),
        size: (_, ticks) => 22 + 7 * widest(ticks ?? []),
      },
    ]
  }

  function draw(figure) {
    const [scenario, index] = figure.dataset.chart.split('.').map(Number)
    const { charts, labels, ...bands } = documents[scenario]
    const chart = charts[index]
    const box = figure.querySelector('.plot')
    const outputs = [...figure.querySelectorAll('.legend output')]
    plots.get(figure)?.destroy()
    const highest = Math.max(0, ...chart.limits.map(({ v }) => v))
    const end = Math.max(0.001, ...bands.phases.map(({ to }) => to), ...chart.series.flatMap(({ t }) => t.slice(-1)))
    const options = {
      width: box.clientWidth,
      height,
      legend: { show: false },
      cursor: { y: false },
      scales: {
        x: { time: false, range: labels === undefined ? [0, end] : [-0.5, labels.length - 0.5] },
        y: { range: (_, low, high) => [Math.min(low ?? 0, 0), Math.max(high ?? 0, highest, 1e-9) * 1.08] },
      },
      axes: axes(chart.unit, labels),
      series: [
        {},
        ...chart.series.map((_, at) => ({
          stroke: colour(`s${at % colourCount}`),
          width: 1.5,
          dash: at < colourCount ? undefined : [5, 3],
          points: { show: labels !== undefined, size: 6 },
          spanGaps: false,
        })),
      ],
      hooks: {
        drawClear: [(u) => drawBands(u, bands, chart.limits)],
        setCursor: [(u) => outputs.forEach((output, at) => {
          const value = u.cursor.idx == null ? undefined : u.data[at + 1][u.cursor.idx]
          output.textContent = value == null ? '' : inUnit(value, chart.unit)
        })],
      },
    }
    plots.set(figure, new uPlot(options, align(chart.series), box))
  }

  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting && !plots.has(target)) draw(target)
    }
  }, { rootMargin: '400px' })
  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const plot = plots.get(target.parentElement)
      if (plot !== undefined && target.clientWidth > 0) plot.setSize({ width: target.clientWidth, height })
    }
  })
  const figures = [...document.querySelectorAll('.chart[data-chart]')]
  for (const figure of figures) {
    seen.observe(figure)
    resized.observe(figure.querySelector('.plot'))
  }

  const isShown = (figure) => figure.getClientRects().length > 0
  const drawAll = () => { for (const figure of figures) if (plots.has(figure)) draw(figure) }
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll)
  /** Paper is white, narrower than a screen, and nobody scrolls to what was not drawn yet. */
  const print = (isPrinting) => {
    document.documentElement.classList.toggle('printing', isPrinting)
    for (const figure of figures) if (plots.has(figure) || (isPrinting && isShown(figure))) draw(figure)
  }
  addEventListener('beforeprint', () => print(true))
  addEventListener('afterprint', () => print(false))
})()
