/** Former names of checkers and anomalies, for runs recorded earlier. */
export const formerCheckerNames: Readonly<Record<string, string>> = {
  'told-in-version': 'version-reports-setting',
  'told-in-bounds': 'settings-stay-in-bounds',
  'newcomers-let-in': 'new-clients-accepted',
  'well-again': 'health-recovers',
  restored: 'clients-catch-up',
  'warning-is-recent': 'alert-clears',
  'ages-exported': 'ages-match',
  'commits-are-next': 'commits-next-offset',
  'pages-kept-out': 'foreign-pages-refused',
  'replay-ends-tell-truth': 'replay-end-is-correct',
  'ends-in-order': 'shutdown-completes',
  'idle-is-not-broken': 'idle-is-healthy',
}

export const formerAnomalyKinds: Readonly<Record<string, string>> = { stranger: 'unexpected' }
