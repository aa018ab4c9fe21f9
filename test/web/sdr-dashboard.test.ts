// The bad deploy of examples/sdr-analytics taken back, as the example is: its login and its dashboard are proven in a real Chromium.
import { expect, test } from 'vitest';
import { badDeploy, SMOKE_PASSWORD } from '../scenarios/examples/sdr-world.ts';
import { dataOf, incidentOf } from '../world/scenes/example.ts';

test('after the rollback a browser logs in and sees the data of the dashboard, whose picture is kept; the password is in no record [S3-VE-02] [S3-VE-03]', async () => {
  const world = await badDeploy({});
  const life = await world.live();
  expect((await incidentOf(life))?.steps).toMatchObject({
    dashboard: { status: 'done' },
    tela: { status: 'done' },
    completo: { status: 'done' },
  });
  const kept = (await dataOf(life, 'evidence.captured')).find((one) => one.evidence === 'tela-synthetic');
  expect(kept?.value).toMatchObject({
    values: { ok: true },
    seen: { shots: { painel: expect.stringMatching(/^data:image\/png;base64,/) } },
  });
  expect(JSON.stringify(await life.world.incidents.events('INC-1'))).not.toContain(SMOKE_PASSWORD);
});
