#!/usr/bin/env node
// @ts-check
/**
 * The first step of every command: onto Node 24. Plain JavaScript, because a host's older Node
 * (20 or later) must be able to run it. On Node 24 or newer the harness runs in this process; else
 * on one from the npm registry, under `.tools/`, as a child that gets our signals. So it does where
 * a proxy of the shell would be asked for what is on this machine.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'

const here = import.meta.dirname ?? dirname(new URL(import.meta.url).pathname)
const toolsFolder = resolve(here, '../../.tools')
const pins = JSON.parse(readFileSync(join(here, 'pins.json'), 'utf8'))
const launch = join(here, '../cli/launch.ts')
const home = join(toolsFolder, `node-${pins.node}`)
/** Exit code for an error of our own, as in harness/cli. */
const internalError = 70
const installLimitMs = 5 * 60_000

const isNodeOld = major(process.versions.node) < major(pins.nodeMin)
if (isNodeOld) runOn(findNode() ?? installNode())
else if (!isLoopbackDirect()) runOn(process.execPath)
else await import(launch)

/**
 * A proxy of the shell is for the world outside: servers and relays of a run are on this machine,
 * where a proxy would be asked for them, and answer for them. Node reads who goes directly once,
 * when it starts, so a process that did not know begins again.
 */
function isLoopbackDirect() {
  const isProxied = process.env['NODE_USE_ENV_PROXY'] === '1' || asksForProxy()
  return !isProxied || direct().every((name) => noProxy().includes(name))
}

/** The other way to ask for it. */
function asksForProxy() {
  const flags = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(' ')]
  return flags.includes('--use-env-proxy')
}

function direct() {
  return ['localhost', '127.0.0.1', '127.0.0.0-127.255.255.255', '::1', '[::1]']
}

/** Either spelling may be the one that is read. */
function noProxy() {
  const lists = [process.env['no_proxy'], process.env['NO_PROXY']]
  return lists.flatMap((list) => (list ?? '').split(',')).filter((name) => name !== '')
}

/** @param {string} version */
function major(version) {
  return Number.parseInt(version, 10)
}

/** @param {string} folder */
function binaryIn(folder) {
  return join(folder, 'node_modules/node/bin/node')
}

/** Node of the pinned version under `.tools`, if it runs. */
function findNode() {
  const node = binaryIn(home)
  return existsSync(node) && versionOf(node) === `v${pins.node}` ? node : undefined
}

/** @param {string} node */
function versionOf(node) {
  return spawnSync(node, ['--version'], { encoding: 'utf8', timeout: 20_000 }).stdout?.trim()
}

/** Into a folder beside its home, verified, then renamed: an interrupted one is never trusted. */
function installNode() {
  mkdirSync(toolsFolder, { recursive: true })
  removeUnfinished()
  say(`installing Node ${pins.node} into .tools (this is Node ${process.versions.node})`)
  const folder = `${home}.unfinished-${process.pid}`
  const wanted = `node@${pins.node}`
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
  const args = ['install', '--prefix', folder, '--no-save', ...quiet, wanted]
  const options = { encoding: /** @type {const} */ ('utf8'), timeout: installLimitMs }
  const npm = spawnSync('npm', args, options)
  if (npm.error) {
    giveUp(`wanted: npm, to install Node ${pins.node}\n  found: ${npm.error.message}`)
  }
  if (versionOf(binaryIn(folder)) !== `v${pins.node}`) {
    rmSync(folder, { recursive: true, force: true })
    giveUp(`npm could not install ${wanted}:\n${npm.stdout}${npm.stderr}`)
  }
  try {
    renameSync(folder, home)
  } catch {
    // Somebody else was quicker, or an older one is broken: the broken one goes.
    if (findNode() === undefined) {
      rmSync(home, { recursive: true, force: true })
      renameSync(folder, home)
    }
    rmSync(folder, { recursive: true, force: true })
  }
  return binaryIn(home)
}

/** Removes what installations of dead processes left. */
function removeUnfinished() {
  const mark = `node-${pins.node}.unfinished-`
  for (const name of readdirSync(toolsFolder).filter((one) => one.startsWith(mark))) {
    if (isAlive(Number(name.slice(mark.length)))) continue
    rmSync(join(toolsFolder, name), { recursive: true, force: true })
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/**
 * Runs the harness on another Node, in a session of its own so that a Ctrl-C reaches it once,
 * through us. Its channel closes when we end, for any reason.
 *
 * @param {string} node
 */
function runOn(node) {
  const path = `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}`
  const names = [...new Set([...noProxy(), ...direct()])].join(',')
  const child = spawn(node, [...process.execArgv, launch, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: true,
    env: { ...process.env, PATH: path, no_proxy: names, NO_PROXY: names },
  })
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill(signal))
  }
  child.on('error', (error) => giveUp(`cannot start ${node}: ${error.message}`))
  child.on('exit', (code, signal) => {
    process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))
  })
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`chaos: ${text}\n`)
}

/**
 * @param {string} what
 * @returns {never}
 */
function giveUp(what) {
  say(`${what}\n  fix: install Node 24 (https://nodejs.org), so that node on PATH is 24`)
  process.exit(internalError)
}
