/**
 * Which names a Host header may have: protection against DNS rebinding. Another site can point its
 * own name to this machine, and its pages are then same-origin to a browser: only the name in the
 * Host header gives them away. An address cannot be made to point elsewhere, so addresses are
 * always accepted, and so are the names that always mean this machine.
 */
import ipaddr from 'ipaddr.js'
import type { Settings } from './settings.ts'

/** As a browser parses it: lower case, without the dot at the end; the port if one is given. */
interface Host {
  readonly name: string
  readonly port: string
}
type HostSettings = Pick<Settings, 'allowedHosts' | 'host'>

const shape = /^(\[[\da-f:.]+\]|[^\s:/?#@\\[\]]+)(?::(\d{0,5}))?$/i
/** Ports that are left out of a Host header: without TLS, and with it in front of the relay. */
const defaultPorts = new Set(['80', '443'])

/** @returns undefined for what cannot be a Host header */
export function readHost(text: string): Host | undefined {
  const [, written = '', port = ''] = shape.exec(text) ?? []
  const url = written === '' || !URL.canParse(`http://${written}`) ? '' : `http://${written}`
  if (url === '' || Number(port) > 65_535) return undefined
  return { name: new URL(url).hostname.replace(/\.$/, ''), port }
}

/** Whether a name or address, as in WEBSOCKET_HOST, is of this machine alone. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  if (bare === 'localhost' || bare.endsWith('.localhost')) return true
  return ipaddr.isValid(bare) && ipaddr.process(bare).range() === 'loopback'
}

/** What is wrong with an entry of WEBSOCKET_ALLOWED_HOSTS; undefined if nothing is. */
export function hostProblem(entry: string): string | undefined {
  if (entry === '*') return undefined
  if (/^[a-z]+:\/\//i.test(entry)) return `"${entry}" is an address of a page, not a name`
  const host = readHost(entry.replace(/^\*\./, ''))
  if (host === undefined) return `"${entry}" is not a valid name`
  return host.name.includes('*') ? `"${entry}" has a * that is not its first label` : undefined
}

/** @returns a function that says whether a Host header names this relay */
export function createHosts(settings: HostSettings): (header: string) => boolean {
  const { allowedHosts } = settings
  const isAny = allowedHosts.includes('*')
  const own = readHost(settings.host)?.name
  const rules = allowedHosts.filter((entry) => entry !== '*').map(ruleOf)
  return (header) => {
    const host = readHost(header)
    if (host === undefined) return false
    if (isAny || host.name === own || isLoopback(host.name) || isAddress(host.name)) return true
    return rules.some((matches) => matches(host))
  }
}

function ruleOf(entry: string): (host: Host) => boolean {
  const isDomain = entry.startsWith('*.')
  const wanted = readHost(isDomain ? entry.slice(2) : entry)
  if (wanted === undefined) return () => false
  const ports = wanted.port === '' ? undefined : portsOf(wanted.port)
  return ({ name, port }) => {
    const isName = isDomain ? name.endsWith(`.${wanted.name}`) : name === wanted.name
    return isName && (ports === undefined || ports.includes(port))
  }
}

const portsOf = (port: string): string[] => (defaultPorts.has(port) ? [port, ''] : [port])

const isAddress = (name: string): boolean => name.startsWith('[') || ipaddr.IPv4.isValid(name)
