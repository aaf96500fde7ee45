/** Draws the charts: phases as pale bands, faults as red ones, limits and first signs as lines. */
(() => {
  const documents = JSON.parse(document.getElementById('charts').textContent)
  const colours = ['#0969da', '#bc4c00', '#1a7f37', '#8250df', '#bf3989', '#57606a', '#0a7d8c', '#9a6700']

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

  /** Along the top of its band; downwards where the band is too narrow for that. */
  function drawName(ctx, name, from, to, top) {
    const line = 10 * devicePixelRatio
    ctx.fillStyle = '#59636e'
    ctx.font = `${line}px system-ui`
    if (ctx.measureText(name).width + 3 < to - from) ctx.fillText(name, from + 3, top + 1.1 * line)
    else if (to - from >= line) {
      ctx.save()
      ctx.translate(from + (to - from - line) / 2, top + 4)
      ctx.rotate(Math.PI / 2)
      ctx.fillText(name, 0, -2)
      ctx.restore()
    }
  }

  function drawBands(u, { phases, faults, signs }, limits) {
    const { ctx, bbox } = u
    const x = (seconds) => Math.min(Math.max(u.valToPos(seconds, 'x', true), bbox.left), bbox.left + bbox.width)
    ctx.save()
    phases.forEach(({ name, from, to }, index) => {
      ctx.fillStyle = index % 2 ? 'rgba(9,105,218,0.04)' : 'rgba(9,105,218,0.09)'
      ctx.fillRect(x(from), bbox.top, x(to) - x(from), bbox.height)
      drawName(ctx, name, x(from), x(to), bbox.top)
    })
    for (const { number, from, to } of faults) {
      ctx.fillStyle = 'rgba(198,40,40,0.13)'
      ctx.fillRect(x(from), bbox.top, Math.max(x(to) - x(from), 1), bbox.height)
      ctx.fillStyle = '#c62828'
      ctx.font = `${10 * devicePixelRatio}px system-ui`
      ctx.fillText(String(number), x(from) + 3, bbox.top + bbox.height / 2)
    }
    ctx.strokeStyle = '#c62828'
    ctx.setLineDash([6, 4])
    for (const { v } of limits) {
      const y = u.valToPos(v, 'y', true)
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

  function draw(into, chart, bands) {
    const box = document.createElement('div')
    box.className = 'chart'
    const title = document.createElement('h4')
    title.textContent = `${chart.title} (${chart.unit})`
    box.append(title)
    into.append(box)
    const highest = Math.max(0, ...chart.limits.map(({ v }) => v))
    const end = Math.max(0, ...bands.phases.map(({ to }) => to), ...chart.series.flatMap(({ t }) => t.slice(-1)))
    new uPlot({
      width: box.clientWidth - 18,
      height: 220,
      scales: {
        x: { time: false, range: [0, end] },
        y: { range: (_, low, high) => [Math.min(low ?? 0, 0), Math.max(high ?? 0, highest, 1e-9) * 1.08] },
      },
      axes: [
        { values: (_, ticks) => ticks.map((tick) => `${tick} s`) },
        { size: 64 },
      ],
      series: [
        { label: 'time', value: (_, v) => (v == null ? '–' : `${v.toFixed(1)} s`) },
        ...chart.series.map(({ name }, index) => ({
          label: name,
          stroke: colours[index % colours.length],
          width: 1.5,
          points: { show: false },
          spanGaps: false,
        })),
      ],
      hooks: { drawClear: [(u) => drawBands(u, bands, chart.limits)] },
    }, align(chart.series), box)
    const seen = bands.signs.length > 0 ? ['· · first sign of a failure'] : []
    const legend = chart.limits.map(({ name, v }) => `- - ${name}: ${v.toLocaleString('en')} ${chart.unit}`).concat(seen)
    if (legend.length === 0) return
    const note = document.createElement('p')
    note.className = 'legend'
    note.textContent = legend.join(' · ')
    box.append(note)
  }

  for (const into of document.querySelectorAll('.charts')) {
    const { charts, ...bands } = documents[Number(into.dataset.scenario)]
    for (const chart of charts) draw(into, chart, bands)
  }
})()
