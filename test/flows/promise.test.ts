// Two files say when the next update comes: the message, the clock and the record keep the stricter of them.
import { expect, test } from 'vitest';
import { BELAY_YAML, folderOf, playFolder } from '../world/scenes/folder.ts';

const YAML = `${BELAY_YAML}channels:
  file: { driver: file, path: messages.ndjson }
audiences:
  team: { kind: responders, channels: [{ channel: file, to: [oncall] }] }
  bosses: { kind: management, channels: [{ channel: file, to: [boss] }] }
severities:
  P2: { updates: { team: 30m, bosses: 10m } }
`;
const STEPS = `### Tell them {#tell}
\`\`\`belay notify
template: started
to: [team, bosses]
promise: 15m
\`\`\`

\`\`\`belay template started en
# It began

Next update within {promise}.
\`\`\`

\`\`\`belay template started pt-BR
# Começou

Próxima atualização em até {promise}.
\`\`\`
`;

test('a promise of 15 minutes where the severity demands one every 10 is told by the lint and kept as 10 [S5-GU-13]', async () => {
  const { diagnostics } = folderOf({ yaml: YAML, steps: STEPS }).loaded();
  expect(diagnostics.map(({ rule, severity, message }) => ({ rule, severity, message }))).toEqual([
    { rule: 'cadence-conflict', severity: 'warning', message: 'it promises an update in 15m, and P2 has one every 10m for bosses' },
  ]);
  const one = await playFolder({ yaml: YAML, steps: STEPS });
  await one.run();
  const promised = (await one.events()).filter((event) => event.type === 'comms.promised');
  expect(promised.map((event) => (event.type === 'comms.promised' ? event.data.at - event.at : 0))).toEqual([600_000, 600_000]);
});
