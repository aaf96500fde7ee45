/**
 * The ways in which the example relay may differ from ours and still be honest, and in which it
 * may be wrong. What is said of a wrong one is what a checker must find, and no more.
 */
interface WayRow {
  readonly is: 'honest' | 'wrong'
  readonly says: string
}

export const ways = {
  'assigns-by-range': { is: 'honest', says: 'Its group speaks Kafka’s range strategy.' },
  'has-long-session': { is: 'honest', says: 'Kafka waits 45 s for a member that was killed.' },
  'reports-no-settings': { is: 'honest', says: '/version reports no settings.' },
  'never-pings': { is: 'honest', says: 'It sends no pings.' },
  'counts-gaps': { is: 'honest', says: 'A gap states how many records are missing, not which.' },
  'hangs-up-bare': { is: 'honest', says: 'It answers a close frame with a bare FIN.' },
  'ends-slowly': { is: 'honest', says: 'It takes 4 s to end.' },
  'is-lenient': { is: 'wrong', says: 'It forwards what does not decode.' },
  stops: { is: 'wrong', says: 'Its consumer stops after 400 records and holds its partitions.' },
  panics: { is: 'wrong', says: 'Its consumer throws after 400 records and does not come back.' },
  'hangs-up': { is: 'wrong', says: 'It hangs up on every client once, 3 s after it came.' },
  'closes-all': { is: 'wrong', says: 'It closes every client immediately.' },
  'sends-no-cursors': { is: 'wrong', says: 'It speaks another protocol: records without cursors.' },
  drops: { is: 'wrong', says: 'One record in 50 reaches no client, without a declared gap.' },
  twice: { is: 'wrong', says: 'One record in 50 comes twice.' },
  alters: { is: 'wrong', says: 'Bytes of one record in 50 are changed.' },
  'gap-forged': { is: 'wrong', says: 'One gap of 100,000 records is declared.' },
  'gap-needless': { is: 'wrong', says: '30 records are left out, and declared, for no reason.' },
  'dead-letters-valid': { is: 'wrong', says: 'One valid record in 50 is put aside.' },
  'loses-letters': { is: 'wrong', says: 'No dead letter reaches Kafka; each counts as failed.' },
  caps: { is: 'wrong', says: 'A replay ends after 100 records and says that it was capped.' },
  'ignores-cursor': { is: 'wrong', says: 'A replay from a cursor begins with the oldest record.' },
  'hides-middle': { is: 'wrong', says: 'The middle third of a replay is left out.' },
  'lies-of-replay': { is: 'wrong', says: 'replay_complete says mode "banana" and 0 records.' },
  'hangs-on-resume': { is: 'wrong', says: 'A resume is never answered.' },
  'closes-resumers': { is: 'wrong', says: 'Who asks for a resume is closed.' },
  'resets-nothing': { is: 'wrong', says: 'A reset is answered, and nothing is cleared.' },
  'always-healthy': { is: 'wrong', says: '/health always says healthy.' },
  'freezes-lag': { is: 'wrong', says: 'The lag gauge says 60 of every partition.' },
  'keeps-lag': { is: 'wrong', says: 'The lag of revoked partitions is still reported.' },
  'leaks-slots': { is: 'wrong', says: 'One connection in four keeps its slot when it is gone.' },
  'refuses-with-500': { is: 'wrong', says: 'Clients above the limit are refused with 500.' },
  'ignores-sigterm': { is: 'wrong', says: 'It does not end when it is asked to.' },
  'aborts-at-the-end': { is: 'wrong', says: 'It aborts when it is asked to end.' },
} as const satisfies Readonly<Record<string, WayRow>>

export type Way = keyof typeof ways
export const wayNames = Object.keys(ways) as readonly Way[]
