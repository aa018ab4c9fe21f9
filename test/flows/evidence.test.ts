import { describe, expect, it } from 'vitest';
import { createVirtualDocumentStore } from '../../src/adapters/virtual/document-store.ts';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualIncidentStore } from '../../src/adapters/virtual/incident-store.ts';
import { createVirtualJournal } from '../../src/adapters/virtual/journal.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualOutbox } from '../../src/adapters/virtual/outbox.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { JournalDraft } from '../../src/domain/journal.ts';
import type { Json } from '../../src/domain/json.ts';
import { exportEvidence, verifyEvidence } from '../../src/flows/evidence.ts';
import { writePostmortem } from '../../src/flows/postmortem.ts';
import { createStatusLoop, publishStatus } from '../../src/flows/status.ts';
import { artefactsOf, createFakeArtefacts } from '../world/fakes/artefacts.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import { createFakeStatusPage } from '../world/fakes/status-page.ts';
import { SYSTEM, storyDrafts, T0 } from '../world/story-log.ts';

const IR: Json = { id: 'org-rollback' };
const PLAN: Json = { runbook: 'org-rollback', version: '1.0.0', irHash: 'x', inputs: {}, org: 'acme', steps: [] };

async function scene() {
  const disk = new DurableDisk();
  const kill = new KillSwitch();
  const time = createVirtualTime(T0 + 20_000);
  const digest = createFakeDigest();
  const deps = { disk, kill, digest, time: time.ofLife(kill) };
  const statusPage = createFakeStatusPage();
  const world = {
    incidents: createVirtualIncidentStore(deps),
    documents: createVirtualDocumentStore(deps),
    journal: createVirtualJournal({ ...deps, digest: createFakeDigest() }),
    outbox: createVirtualOutbox(deps),
    artefacts: createFakeArtefacts(deps),
    digest,
    time: deps.time,
    system: SYSTEM,
    statusPage,
  };
  const irHash = await world.documents.put(IR);
  const planHash = await world.documents.put(PLAN);
  const [first, ...rest] = storyDrafts({ irHash, planHash });
  const { incident } = await world.incidents.declare('f', (number) => ({
    key: 'declare',
    events: [{ ...first, data: { ...(first as { data: object }).data, number } } as never],
  }));
  await world.incidents.append(incident.id, { key: 'rest', events: rest });
  const line = (step: string, run: string, of: string): JournalDraft => ({
    kind: 'intent',
    at: T0,
    run,
    incident: of,
    step,
    attempt: 1,
    key: `${run}/${step}`,
    target: 'switch:checkout',
    expected: 'f',
    desired: 'stable',
    effect: 'unknown',
    actor: 'belay',
  });
  for (const [step, run, of] of [
    ['switch', 'r1', incident.id],
    ['other', 'r9', 'INC-9'],
    ['check', 'r1', incident.id],
  ] as const)
    await world.journal.append(line(step, run, of));
  return { world, disk, time, statusPage, id: incident.id, hashes: { irHash, planHash } };
}

describe('exporting evidence', () => {
  it('writes a file that verifies offline and holds events, documents and only its own journal lines', async () => {
    const { world, disk, id, hashes } = await scene();
    const { path, events, head } = await exportEvidence(world, id);
    const text = artefactsOf(disk).get(`${id}/evidence.json`) ?? '';
    expect(path).toContain('evidence.json');
    expect(verifyEvidence(text, world.digest, { head })).toMatchObject({ ok: true, incident: id, events, head, problems: [], absent: [] });
    const { content } = JSON.parse(text) as { content: { documents: object; journal: { step: string }[] } };
    expect(Object.keys(content.documents).sort()).toEqual([hashes.irHash, hashes.planHash].sort());
    expect(content.journal.map((one) => one.step)).toEqual(['switch', 'check']);
  });

  it('says which documents the store no longer has', async () => {
    const { world, id } = await scene();
    await world.incidents.append(id, {
      key: 'more',
      events: [
        {
          type: 'run.started',
          data: { run: 'r2', runbook: 'x', irHash: 'c'.repeat(64), planHash: '', inputs: {} },
          at: T0,
          actor: { kind: 'engine', id: 'belay' },
        },
      ],
    });
    await exportEvidence(world, id);
    const text = await world.artefacts.read(id, 'evidence.json');
    expect(verifyEvidence(text ?? '', world.digest)).toMatchObject({ ok: true, absent: ['c'.repeat(64)] });
  });

  it('refuses an incident that does not exist', async () => {
    const { world } = await scene();
    await expect(exportEvidence(world, 'INC-99')).rejects.toMatchObject({ code: 'BELAY_NOT_FOUND' });
  });
});

describe('writing a post-mortem', () => {
  it('writes the file in the language of the system, records it once, and again only when the log has grown', async () => {
    const { world, id } = await scene();
    const drafts = async () => (await world.incidents.events(id)).filter((event) => event.type === 'postmortem.drafted');
    await writePostmortem(world, id);
    await writePostmortem(world, id);
    expect(await drafts()).toHaveLength(1);
    const text = (await world.artefacts.read(id, 'postmortem.md')) ?? '';
    expect(text).toContain('# Post-mortem INC-1');
    expect((await drafts())[0]?.data).toEqual({ path: 'postmortem.md', sha256: world.digest.ofText(text) });
    await world.incidents.append(id, {
      key: 'note',
      events: [{ type: 'note.added', data: { by: 'ana', text: 'later', lang: 'en' }, at: T0, actor: { kind: 'user', id: 'ana' } }],
    });
    await writePostmortem(world, id);
    expect(await drafts()).toHaveLength(2);
  });

  it('writes the other language beside it', async () => {
    const { world, id } = await scene();
    expect(await writePostmortem(world, id, { lang: 'pt-BR' })).toContain('postmortem.pt-BR.md');
    expect(await world.artefacts.read(id, 'postmortem.pt-BR.md')).toContain('## Linha do tempo');
    expect(await world.artefacts.read(id, 'postmortem.md')).toBe(null);
  });

  it('keeps what people wrote and holds the plan that ran', async () => {
    const { world, id, hashes } = await scene();
    await writePostmortem(world, id);
    const first = (await world.artefacts.read(id, 'postmortem.md')) ?? '';
    await world.artefacts.write(id, 'postmortem.md', first.replace('<!-- write:well -->\n', '<!-- write:well -->\nThe rollback.'));
    await writePostmortem(world, id);
    const again = (await world.artefacts.read(id, 'postmortem.md')) ?? '';
    expect(again).toContain('The rollback.');
    expect(again).toContain(hashes.planHash);
  });
});

describe('keeping the status page true', () => {
  it('publishes what the public may know', async () => {
    const { world, statusPage } = await scene();
    expect(await publishStatus(world)).toBe('/status/index.html');
    expect(statusPage.published[0]).toMatchObject({
      title: 'Shop status',
      overall: 'operational',
      incidents: [{ id: 'INC-1', word: 'resolved' }],
    });
    expect(await publishStatus({ ...world, statusPage: null })).toBe(null);
  });

  it('publishes at the start, after a change, and again before the page would show itself as stale', async () => {
    const { world, statusPage, time, id } = await scene();
    const loop = createStatusLoop(world, { renewMs: 60_000 });
    loop.start();
    await time.advance(1_000);
    expect(statusPage.published).toHaveLength(1);
    await world.incidents.append(id, {
      key: 'a',
      events: [{ type: 'note.added', data: { by: 'ana', text: 'x', lang: 'en' }, at: T0, actor: { kind: 'user', id: 'ana' } }],
    });
    await time.advance(1_000);
    expect(statusPage.published).toHaveLength(2);
    await time.advance(60_500);
    expect(statusPage.published).toHaveLength(3);
    for (const page of statusPage.published) expect((page.expectNextBy ?? 0) - page.generatedAt).toBeGreaterThan(60_000);
    const stopped = loop.stop();
    await time.advance(1_000);
    await stopped;
    await time.advance(600_000);
    expect(statusPage.published).toHaveLength(3);
  });
});
