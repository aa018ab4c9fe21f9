// The API: who may do what, exactly once, only what the schema allows, and errors that say what to do.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Door, openDoor } from './world.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(() => door.remove());

const approvalPath = (story: Door['story']): string => `/v1/incidents/${story.incident}/approvals/${encodeURIComponent(story.approval)}`;
const problem = async (response: Response): Promise<Record<string, unknown>> => (await response.json()) as Record<string, unknown>;

describe('reading', () => {
  test('health answers without a token', async () => {
    const response = await door.ask('GET', '/v1/health', { as: null });
    expect(await response.json()).toEqual({ status: 'ok', version: '0.0.0-test' });
  });

  test('an incident is read by its name and by its number', async () => {
    for (const id of [door.story.incident, '1']) {
      const { incident, view } = (await (await door.ask('GET', `/v1/incidents/${id}`)).json()) as {
        incident: { id: string };
        view: { next: { step: string; args: unknown }; approve: { state: string } };
      };
      expect(incident.id).toBe(door.story.incident);
      expect(view.next).toMatchObject({ step: 'switch', args: { switch: 'checkout', org: 'acme', to: 'stable' } });
      expect(view.approve.state).toBe('ready');
    }
  });

  test('an address with U+0000 in it is refused, wherever it stands, and is no bug', async () => {
    for (const path of ['/v1/incidents/a%00b', '/v1/explain?of=a%00b', '/v1/triggers/%00/series?org=x', '/triggers/a%00']) {
      const answer = await door.ask('GET', path);
      expect([path, answer.status, (await problem(answer))['code']]).toEqual([path, 422, 'BELAY_INPUT_INVALID']);
    }
    expect(door.bugs).toEqual([]);
  });

  test('names and labels that sources told are for responders alone', async () => {
    const told = [{ source: 'hooks', isAll: true, names: [{ name: 'webhook', isAll: true, labels: [{ type: 'opened' }] }] }];
    Object.assign(door.story.world.readings, { told: async () => told });
    expect(await (await door.ask('GET', '/v1/told')).json()).toEqual({ told });
    expect((await door.ask('GET', '/v1/told', { as: 'eve' })).status).toBe(403);
  });

  test('the event log is read in pages that follow each other without a gap', async () => {
    const seen: number[] = [];
    let after = 0;
    for (;;) {
      const page = (await (await door.ask('GET', `/v1/incidents/1/events?after=${after}&limit=5`)).json()) as {
        events: { seq: number }[];
        next: number | null;
      };
      seen.push(...page.events.map((event) => event.seq));
      if (page.next === null) break;
      after = page.next;
    }
    const all = await door.story.world.incidents.events(door.story.incident);
    expect(seen).toEqual(all.map((event) => event.seq));
    expect(seen.length).toBeGreaterThan(10);
  });

  test('the status names what is open and how old the data is', async () => {
    const status = (await (await door.ask('GET', '/v1/status')).json()) as Record<string, unknown>;
    expect(status).toMatchObject({
      system: 'First rollback',
      incidents: { open: 1 },
      detection: { watermarkAgeMs: 900 },
      pause: { paused: false },
    });
  });

  test('triggers, runbooks and the evidence file are there', async () => {
    expect(((await (await door.ask('GET', '/v1/triggers')).json()) as { triggers: unknown[] }).triggers).toHaveLength(2);
    expect(((await (await door.ask('GET', '/v1/runbooks')).json()) as { runbooks: { id: string }[] }).runbooks[0]?.id).toBe('org-rollback');
    const evidence = await door.ask('GET', '/v1/incidents/1/evidence');
    expect(evidence.headers.get('content-disposition')).toBe('attachment; filename="INC-1.evidence.json"');
    expect(await evidence.text()).toBe('{"incident":"INC-1"}');
  });

  test('what is not there is a problem with a hint and the exit code of the table', async () => {
    const response = await door.ask('GET', '/v1/incidents/INC-99');
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({
      code: 'BELAY_NOT_FOUND',
      exitCode: 2,
      effect: 'none',
      hint: expect.stringContaining('belay status') as string,
    });
    expect((await door.ask('GET', '/v1/nothing')).status).toBe(404);
  });
});

describe('approving', () => {
  test('the right hash is granted and the answer is the incident after it', async () => {
    const response = await door.ask('POST', approvalPath(door.story), {
      as: 'ana',
      key: 'approve-1',
      body: { decision: 'grant', planHash: door.story.plan.planHash },
    });
    expect(response.status).toBe(200);
    const { incident } = (await response.json()) as {
      incident: { approvals: Record<string, { state: string; granted: { by: string }[] }> };
    };
    expect(incident.approvals[door.story.approval]).toMatchObject({ state: 'granted', granted: [{ by: 'ana' }] });
  });

  test('another hash is a conflict and approves nothing', async () => {
    const response = await door.ask('POST', approvalPath(door.story), {
      as: 'ana',
      key: 'approve-1',
      body: { decision: 'grant', planHash: '0'.repeat(64) },
    });
    expect(response.status).toBe(409);
    expect(await problem(response)).toMatchObject({ code: 'BELAY_PLAN_CHANGED', exitCode: 6 });
    expect((await door.story.world.incidents.load('INC-1'))?.approvals[door.story.approval]?.state).toBe('open');
  });

  test('somebody without a role of the approval is refused before the command is asked', async () => {
    const response = await door.ask('POST', approvalPath(door.story), {
      as: 'bob',
      key: 'approve-1',
      body: { decision: 'grant', planHash: door.story.plan.planHash },
    });
    expect(response.status).toBe(403);
    expect(String((await problem(response))['detail'])).toContain('commander');
    expect(door.story.commands.asked).toEqual([]);
  });

  test('under four eyes the person who started the run may not approve it, but may deny it', async () => {
    const at = { at: door.time.now(), actor: { kind: 'user' as const, id: 'ana' } };
    const incident = await door.story.world.incidents.declare('runbook:x', (number) => ({
      key: 'declare',
      events: [
        {
          type: 'incident.declared',
          data: {
            number,
            kind: 'real',
            severity: 'P1',
            orgs: ['acme'],
            components: ['shop'],
            trigger: null,
            runbook: 'org-rollback',
            fingerprint: 'x',
            detectedAt: at.at,
          },
          ...at,
        },
        {
          type: 'approval.requested',
          data: {
            id: 'a1',
            step: null,
            planHash: door.story.plan.planHash,
            from: ['commander'],
            min: 2,
            fourEyes: true,
            expiresAt: at.at + 1000,
          },
          ...at,
        },
      ],
    }));
    const path = `/v1/incidents/${incident.incident.id}/approvals/a1`;
    const grant = { decision: 'grant', planHash: door.story.plan.planHash };
    expect((await door.ask('POST', path, { as: 'ana', key: 'approve-1', body: grant })).status).toBe(403);
    expect((await door.ask('POST', path, { as: 'operator', key: 'approve-2', body: grant })).status).toBe(200);
    expect((await door.ask('POST', path, { as: 'operator', key: 'approve-3', body: grant })).status).toBe(403);
    expect((await door.ask('POST', path, { as: 'ana', key: 'approve-4', body: { ...grant, decision: 'deny' } })).status).toBe(200);
  });
});

describe('writing once', () => {
  const note = (key: string, text = 'seen'): Promise<Response> =>
    door.ask('POST', '/v1/incidents/1/notes', { as: 'bob', key, body: { text, lang: 'en' } });

  test('a repeated key gets the same answer and the command runs once', async () => {
    const [first, second] = [await note('note-0001'), await note('note-0001')];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(await second.json()).toEqual(await first.json());
    expect(door.story.commands.asked).toEqual(['note bob']);
  });

  test('two requests with one key at the same time run the command once', async () => {
    const both = await Promise.all([note('note-0001'), note('note-0001')]);
    expect(both.map((one) => one.status)).toEqual([201, 201]);
    expect(door.story.commands.asked).toEqual(['note bob']);
  });

  test('one key for two different requests is refused', async () => {
    await note('note-0001');
    expect((await note('note-0001', 'something else')).status).toBe(422);
  });

  test('the keys of two people do not meet', async () => {
    await note('note-0001');
    await door.ask('POST', '/v1/incidents/1/notes', { as: 'ana', key: 'note-0001', body: { text: 'seen', lang: 'en' } });
    expect(door.story.commands.asked).toEqual(['note bob', 'note ana']);
  });

  test('a failure is not kept: the same key may try again', async () => {
    const wrong = await door.ask('POST', approvalPath(door.story), {
      key: 'approve-1',
      body: { decision: 'grant', planHash: 'f'.repeat(64) },
    });
    const right = await door.ask('POST', approvalPath(door.story), {
      key: 'approve-1',
      body: { decision: 'grant', planHash: door.story.plan.planHash },
    });
    expect([wrong.status, right.status]).toEqual([409, 200]);
  });

  test('a write without a key is refused and does nothing', async () => {
    const response = await door.ask('POST', '/v1/pause', { body: { reason: 'x' } });
    expect(response.status).toBe(422);
    expect(door.story.commands.asked).toEqual([]);
  });
});

describe('pausing and the other verbs', () => {
  test('pause and resume change what status says', async () => {
    const paused = await door.ask('POST', '/v1/pause', { as: 'bob', key: 'pause-001', body: { reason: 'too hot' } });
    expect(await paused.json()).toMatchObject({ paused: true });
    expect(await (await door.ask('GET', '/v1/status')).json()).toMatchObject({ pause: { paused: true } });
    expect(await (await door.ask('POST', '/v1/resume', { as: 'bob', key: 'resume-01' })).json()).toMatchObject({ paused: false });
  });

  test('pause works while the store is down', async () => {
    door.story.pause.faults.storeDown = true;
    expect((await door.ask('POST', '/v1/pause', { key: 'pause-001', body: { reason: 'store is down' } })).status).toBe(200);
  });

  test('a plan, a run and a report reach their commands', async () => {
    const plan = (await (
      await door.ask('POST', '/v1/plans', { key: 'plan-0001', body: { runbook: 'org-rollback', inputs: { org: 'acme' } } })
    ).json()) as { planHash: string };
    expect(plan.planHash).toBe(door.story.plan.planHash);
    expect(
      (
        await door.ask('POST', '/v1/runs', {
          as: 'ana',
          key: 'run-00001',
          body: { runbook: 'org-rollback', inputs: { org: 'acme' }, planHash: 'a'.repeat(64) },
        })
      ).status,
    ).toBe(409);
    expect(
      (
        await door.ask('POST', '/v1/reports', {
          as: 'ana',
          key: 'report-01',
          body: { trigger: 'complaints', org: 'acme', text: 'they call' },
        })
      ).status,
    ).toBe(201);
    expect(door.story.commands.reports).toEqual([{ trigger: 'complaints', scope: 'acme', text: 'they call' }]);
  });

  test('closing too early is refused with the reason', async () => {
    const response = await door.ask('POST', '/v1/incidents/1/close', { key: 'close-001' });
    expect(response.status).toBe(403);
    expect(await problem(response)).toMatchObject({ code: 'BELAY_GUARD_REFUSED', exitCode: 5 });
  });
});

describe('bad input', () => {
  test('unknown fields, wrong types and broken JSON are refused, and named', async () => {
    const ask = (body: unknown): Promise<Response> => door.ask('POST', '/v1/pause', { key: 'pause-001', body });
    expect(await problem(await ask({ reason: 'x', force: true }))).toMatchObject({
      status: 422,
      detail: expect.stringContaining('force') as string,
    });
    expect(await problem(await ask({ reason: 7 }))).toMatchObject({ status: 422, errors: [{ path: 'reason' }] });
    expect((await ask('{"reason":')).status).toBe(400);
    expect((await door.ask('GET', '/v1/incidents?opne=true')).status).toBe(422);
    expect(door.story.commands.asked).toEqual([]);
  });

  test('a body that is not JSON is refused, so that no other site can send one as a form', async () => {
    const response = await door.ask('POST', '/v1/pause', {
      key: 'pause-001',
      body: '{"reason":"x"}',
      headers: { 'content-type': 'text/plain' },
    });
    expect(response.status).toBe(415);
  });

  test('a body above the cap is refused', async () => {
    const body = JSON.stringify({ reason: 'x'.repeat(300_000) });
    const response = await door.ask('POST', '/v1/pause', { key: 'pause-001', body, headers: { 'content-length': String(body.length) } });
    expect(response.status).toBe(413);
  });

  test('an error that is ours says nothing of the inside and asks to be reported', async () => {
    const world = door.story.world as unknown as { readings: { views: () => Promise<never> } };
    world.readings.views = () => Promise.reject(new Error('secret connection string'));
    const response = await door.ask('GET', '/v1/triggers');
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(text).not.toContain('secret');
    expect(JSON.parse(text)).toMatchObject({ code: 'BELAY_INTERNAL', exitCode: 70 });
    expect(door.bugs).toHaveLength(1);
  });
});

describe('pushed samples', () => {
  const push = (body: string, type: string, path = '/v1/events'): Promise<Response> =>
    door.ask('POST', path, { as: 'bob', body, headers: { 'content-type': type } });

  test('a JSON array and NDJSON become one batch each, with the time of arrival where none is given', async () => {
    const sample = { name: 'http_requests_total', labels: { org: 'acme', code: '500' } };
    expect(
      (
        await push(
          JSON.stringify([
            { ...sample, delta: 2 },
            { ...sample, total: 9, at: '2026-03-01T06:13:00Z' },
          ]),
          'application/json',
        )
      ).status,
    ).toBe(202);
    const lines = await push(
      `${JSON.stringify({ ...sample, value: 1.5 })}\n\n${JSON.stringify({ ...sample, delta: 1 })}\n`,
      'application/x-ndjson',
    );
    expect(await lines.json()).toEqual({ accepted: 2 });
    expect(door.batches.map((batch) => batch.samples.map((one) => [one.kind, one.at]))).toEqual([
      [
        ['delta', door.time.now()],
        ['total', Date.parse('2026-03-01T06:13:00Z')],
      ],
      [
        ['value', door.time.now()],
        ['delta', door.time.now()],
      ],
    ]);
    expect(door.batches[0]?.source).toBe('app');
  });

  test('a character that the store cannot keep is replaced in a label and refused in an id: it would refuse what others send beside it', async () => {
    const sample = { name: 'http_requests_total', labels: { org: 'a\u0000b' }, delta: 1 };
    expect((await push(JSON.stringify([sample]), 'application/json')).status).toBe(202);
    expect(door.batches.at(-1)?.samples).toMatchObject([{ labels: { org: 'a\ufffdb' } }]);
    expect((await push(JSON.stringify([{ ...sample, id: 'x\u0000' }]), 'application/json')).status).toBe(422);
  });

  test('one bad line refuses the whole request and says which', async () => {
    const response = await push('{"name":"a","delta":1}\n{"name":"a","delta":-1}\n', 'application/x-ndjson');
    expect(await problem(response)).toMatchObject({ status: 422, detail: expect.stringContaining('line 2') as string });
    expect(door.batches).toEqual([]);
  });

  test('a push that is repeated with its key counts once', async () => {
    const send = (): Promise<Response> => door.ask('POST', '/v1/events', { as: 'bob', key: 'push-0001', body: [{ name: 'a', delta: 1 }] });
    expect([(await send()).status, (await send()).status]).toEqual([202, 202]);
    expect(door.batches).toHaveLength(1);
  });

  test('an unknown source and an unknown type are refused', async () => {
    expect((await push('[]', 'application/json', '/v1/events?source=nobody')).status).toBe(404);
    expect((await push('a=1', 'application/x-www-form-urlencoded')).status).toBe(415);
  });
});
