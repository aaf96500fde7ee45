/** Filter by verdict and words, links into folded parts, and keys. */
(() => {
  const filter = document.getElementById('filter')
  const search = filter.elements.find
  const count = filter.querySelector('output')
  const buttons = [...filter.querySelectorAll('[data-show]')]
  const rows = [...document.querySelectorAll('table.findings tbody tr')]
  const scenarios = [...document.querySelectorAll('.scenario')]
  const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]))
  let shown = 'all'

  /** All words must be there; one behind a minus must not. */
  function matches(text) {
    const terms = search.value.toLowerCase().split(/\s+/).filter((term) => term !== '' && term !== '-')
    return terms.every((term) => term.startsWith('-') ? !text.includes(term.slice(1)) : text.includes(term))
  }

  const isOf = (verdict) => shown === 'all' || verdict === shown

  /** A scenario is shown for a finding that is shown, where it has a part in its verdict. */
  function isScenarioShown(scenario, findings) {
    const { verdict, findings: own } = scenario.dataset
    const names = own.split(' ').filter((name) => name !== '')
    if (names.length === 0) return isOf(verdict) && matches(scenario.textContent.toLowerCase())
    if (!names.some((name) => findings.has(name))) return false
    const checks = [...scenario.querySelectorAll('.expectation')]
    return isOf(verdict) || checks.some((check) => isOf(check.dataset.verdict))
  }

  function apply() {
    for (const row of rows) row.hidden = !(isOf(row.dataset.verdict) && matches(words.get(row)))
    const findings = new Set(rows.filter((row) => !row.hidden).map((row) => row.dataset.finding))
    for (const scenario of scenarios) scenario.hidden = !isScenarioShown(scenario, findings)
    for (const button of buttons) button.setAttribute('aria-pressed', String(button.dataset.show === shown))
    count.textContent = [hidden(rows, 'finding'), hidden(scenarios, 'scenario')].filter((part) => part !== '').join(', ')
  }

  function hidden(all, word) {
    const left = all.filter((one) => one.hidden).length
    return left === 0 ? '' : `${left} of ${all.length} ${word}${all.length === 1 ? '' : 's'} hidden`
  }

  /** The filter stands in the address, so that a view can be sent to somebody. */
  function remember() {
    const chosen = new URLSearchParams()
    if (shown !== 'all') chosen.set('verdict', shown)
    if (search.value.trim() !== '') chosen.set('find', search.value.trim())
    history.replaceState(null, '', chosen.size > 0 ? `#${chosen}` : '#')
  }

  function show(verdict, text) {
    shown = buttons.some((button) => button.dataset.show === verdict) ? verdict : 'all'
    search.value = text
    apply()
  }

  /** What an address names: a filter, or a part of the page, which is unfolded and shown. */
  function follow() {
    const name = decodeURIComponent(location.hash.slice(1))
    if (name.includes('=')) {
      const chosen = new URLSearchParams(name)
      return show(chosen.get('verdict') ?? 'all', chosen.get('find') ?? '')
    }
    const target = name === '' ? null : document.getElementById(name)
    if (target === null) return
    if (target.closest('[hidden]') !== null) show('all', '')
    for (let part = target; part !== null; part = part.parentElement) {
      if (part.tagName === 'DETAILS') part.open = true
    }
    target.scrollIntoView()
    target.querySelector('summary')?.focus({ preventScroll: true })
  }

  filter.addEventListener('click', ({ target }) => {
    const button = target.closest('[data-show]')
    if (button === null) return
    shown = button.dataset.show
    apply()
    remember()
  })
  search.addEventListener('input', () => { apply(); remember() })
  filter.addEventListener('submit', (event) => event.preventDefault())
  addEventListener('hashchange', follow)

  /** Checks and scenarios that did not pass, as they stand on the page; else all scenarios. */
  function stops() {
    const bad = document.querySelectorAll('.expectation.fail, .expectation.unknown, .scenario.unknown')
    const open = [...(bad.length > 0 ? bad : scenarios)].filter((one) => one.closest('[hidden]') === null)
    return open.map((one) => one.querySelector('summary'))
  }

  function step(by) {
    const all = stops()
    if (all.length === 0) return
    const at = all.indexOf(document.activeElement)
    const next = all[at === -1 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length]
    for (let part = next.parentElement; part !== null; part = part.parentElement) {
      if (part.tagName === 'DETAILS') part.open = true
    }
    next.focus()
    next.scrollIntoView({ block: 'start' })
  }

  function foldAll() {
    const isOpening = scenarios.some((one) => !one.open && !one.hidden)
    for (const one of scenarios) one.open = isOpening
  }

  const keys = {
    '/': () => search.focus(),
    n: () => step(1),
    p: () => step(-1),
    o: foldAll,
    Escape: () => { show('all', ''); remember(); search.blur() },
  }
  addEventListener('keydown', (event) => {
    const isTyping = event.target === search
    if (event.ctrlKey || event.metaKey || event.altKey || (isTyping && event.key !== 'Escape')) return
    const does = keys[event.key]
    if (does === undefined) return
    event.preventDefault()
    does()
  })

  filter.hidden = false
  document.getElementById('keys').hidden = false
  apply()
  follow()
})()
