// The runbook of the bench: an approval, and then short waits during which Belay can be killed. It touches nothing.
const WAITS = ['one', 'two', 'three', 'four'];

export const SLOW_RUNBOOK = `---
belay: 1
id: bench-slow
title: An approval and four short waits
version: 1.0.0
lang: en
owner: commander
visibility: internal
severity: P1
components: [shop]
roles:
  commander: { is: commander }
---

# An approval and four short waits

The bench starts it by hand, approves it, and kills Belay while it waits.

## Decide

### Go on {#go}
\`\`\`belay approve
from: [commander]
timeout: 10m
onTimeout: abort
\`\`\`

## Wait

${WAITS.map((name) => `### Wait ${name} {#${name}}\n\`\`\`belay wait\nfor: 400ms\n\`\`\`\n`).join('\n')}`;
