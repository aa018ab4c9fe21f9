// Whatever an engine answers to a target: a state within its bounds, or a sentence. And which options do not go together.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exclusive, remade } from '../../../src/adapters/docker/container-config.ts';
import { boxIn, judge, orderOf, type Sight, whyNot } from '../../../src/adapters/docker/container-state.ts';
import { imageNamed, imagesIn, refOf, releasesOf } from '../../../src/adapters/docker/images.ts';
import { createDockerContainer, createDockerService } from '../../../src/adapters/docker/index.ts';
import { releaseOf, serviceIn, serviceState, tasksIn } from '../../../src/adapters/docker/service-state.ts';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { fieldsIn } from '../../../src/domain/received.ts';
import type { Http } from '../../../src/ports/http.ts';
import { odd, word } from '../odd.ts';

const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;
const deps = { http: createHttp({ allow: [] }), time: systemTime };
const container = (o: object, http: Http = deps.http) =>
  createDockerContainer({ container: 'crm', repository: 'crm', overlap: true, healthyWithinMs: 1_000, ...o }, { ...deps, http });

/** An engine that gives the same answer to everything. */
const saying = (status: number, body: string): Http => ({ request: async () => ({ status, body, headers: {}, tookMs: 1 }) });

describe('options that mean nothing', () => {
  test.each([
    [{ container: '../x' }, /container: it is the name/],
    [{ container: 'a b' }, /container: it is the name/],
    [{ repository: 'crm:v1' }, /repository: it is the name/],
    [{ repository: '--rm' }, /repository: it is the name/],
    [{ socket: '/a', url: 'http://a' }, /url: it and socket exclude each other/],
  ])('%o are refused', (o, message) => {
    expect(() => container(o)).toThrow(message);
    const { container: service = 'crm', ...rest } = o as { readonly container?: string };
    const text = message.source.replace('container:', 'service:');
    expect(() => createDockerService({ service, repository: 'crm', ...rest }, deps)).toThrow(new RegExp(text));
  });

  test('a registry with a port and a path is a repository', () => {
    expect(() => container({ repository: 'registry.test:5000/team/crm-backend' })).not.toThrow();
  });
});

test.each([
  ['refuses', saying(403, '{"message":"denied"}')],
  ['is no JSON', saying(200, '<html>')],
  ['is nothing', saying(200, '')],
  ['is of another kind', saying(200, '{}')],
  ['lists what is no container', saying(200, '[{"Id":"../../x"}]')],
])('an engine whose answer %s cannot be reached, and nothing was changed', async (_what, http) => {
  const unreachable = { code: 'BELAY_TARGET_UNREACHABLE', effect: 'none' };
  await expect(container({}, http).current()).rejects.toMatchObject(unreachable);
  await expect(container({}, http).rollTo('v1', { expected: 'x', key: 'k', reason: 'r' })).rejects.toMatchObject(unreachable);
  await expect(createDockerService({ service: 'web', repository: 'web' }, { ...deps, http }).current()).rejects.toMatchObject(unreachable);
});

const text = odd(word('v1.0.0', 'running', 'exited', 'created', 'healthy', 'crm'), 30);
const before = odd(
  fc.record({ id: fc.constantFrom('a'.repeat(64), 'b'.repeat(64)), release: text, fingerprint: text, changedAt: odd(fc.nat()) }),
);
const labels = fc.record({
  'belay.target': odd(fc.constant('crm')),
  'belay.key': text,
  'belay.release': text,
  'belay.before': before.map((one) => JSON.stringify(one)),
});
const box = fc.record({
  Id: odd(fc.constantFrom('a'.repeat(64), 'b'.repeat(64), 'c'.repeat(64))),
  Image: odd(fc.constantFrom(A, B)),
  Created: odd(fc.constantFrom('2026-11-27T14:39:12.9Z', 'soon')),
  State: odd(fc.record({ Status: text, ExitCode: odd(fc.nat()), Error: text, Health: odd(fc.record({ Status: text })), StartedAt: text })),
  Config: odd(fc.record({ Labels: odd(labels), Env: odd(fc.tuple(text)), Hostname: text, Cmd: odd(fc.tuple(text)) })),
  HostConfig: odd(
    fc.record({
      NetworkMode: text,
      PortBindings: odd(fc.record({ '80/tcp': odd(fc.tuple(fc.record({ HostPort: text }))) })),
      Binds: odd(fc.tuple(text)),
    }),
  ),
  Mounts: odd(fc.tuple(odd(fc.record({ Type: odd(fc.constant('volume')), Name: text, Destination: text, RW: odd(fc.boolean()) })))),
  NetworkSettings: odd(
    fc.record({
      Networks: odd(
        fc.record({ shop: odd(fc.record({ Aliases: odd(fc.tuple(text)), IPAMConfig: odd(fc.record({ IPv4Address: text })) })) }),
      ),
    }),
  ),
});

test('ten thousand sets of containers are judged without a throw, and a change needs its old container', () => {
  const seen = { settled: 0, switching: 0 };
  const places = fc.record({ live: odd(box), next: odd(box), before: odd(box), failed: odd(box) }, { requiredKeys: [] });
  fc.assert(
    fc.property(places, (answers) => {
      const boxes = Object.entries(answers).flatMap(([place, json]) => {
        const found = boxIn(json);
        return found === null ? [] : [[place, found] as const];
      });
      const judged = judge(Object.fromEntries(boxes) as Sight, 'crm');
      if (judged.kind === 'switching' && judged.old.id !== judged.order.before.id) throw new Error('another old one');
      if (judged.kind !== 'none') seen[judged.kind] += 1;
      for (const [, one] of boxes) {
        if ((whyNot(one)?.length ?? 0) > 300) throw new Error('a long reason');
        orderOf(one, 'crm');
        exclusive(one.raw);
        const { body } = remade(one.raw, fieldsIn(one.raw['Config']), A, { 'belay.key': 'k' });
        const kept = fieldsIn(body['Labels']);
        if (body['Image'] !== A || kept['belay.key'] !== 'k' || kept['belay.target'] !== undefined) throw new Error('not remade');
      }
    }),
    { numRuns: 10_000 },
  );
  expect(seen.settled).toBeGreaterThan(500);
  expect(seen.switching).toBeGreaterThan(50);
}, 60_000);

test('ten thousand lists of images become releases with one name each, and a name finds its image', () => {
  let found = 0;
  const image = fc.record({
    Id: odd(fc.constantFrom(A, B)),
    RepoTags: odd(fc.array(odd(word('crm:v1', 'crm:v2', 'crm:latest', 'crm:', 'other:v1', 'crm:../x')), { maxLength: 3 })),
    RepoDigests: odd(fc.array(odd(word(`crm@${A}`, 'crm@x')), { maxLength: 1 })),
    Created: odd(fc.integer()),
    Labels: odd(fc.dictionary(fc.constant('org.opencontainers.image.revision'), text)),
  });
  fc.assert(
    fc.property(odd(fc.uniqueArray(odd(image), { maxLength: 3, selector: (one) => JSON.stringify(fieldsIn(one)['Id']) })), (json) => {
      const images = imagesIn(json, 'crm');
      for (const release of releasesOf(images ?? [], A)) {
        if (!/^(\w[\w.-]{0,127}|sha256:[0-9a-f]{64})$/.test(release.ref) || !Number.isFinite(release.createdAt))
          throw new Error(release.ref);
        if (imageNamed(images ?? [], release.artefact)?.id !== release.artefact) throw new Error('not found by its id');
        if (refOf(images ?? [], release.artefact, 'v9') !== release.ref) throw new Error('named otherwise');
        found += 1;
      }
    }),
    { numRuns: 10_000 },
  );
  expect(found).toBeGreaterThan(5_000);
}, 60_000);

test('ten thousand services become states, and what is taken back is never on its way unsaid', () => {
  let states = 0;
  const written = odd(word('web:v1', `web:v1@${A}`, `web@${B}`, 'other:v1', 'web:'));
  const spec = fc.record({
    Labels: odd(labels),
    Mode: odd(fc.record({ Replicated: odd(fc.record({ Replicas: odd(fc.nat(3)) })) })),
    TaskTemplate: odd(fc.record({ ContainerSpec: odd(fc.record({ Image: written })) })),
  });
  const service = fc.record({
    ID: odd(fc.constant('svc1')),
    Version: odd(fc.record({ Index: odd(fc.nat()) })),
    Spec: odd(spec),
    PreviousSpec: odd(spec),
    UpdateStatus: odd(fc.record({ State: odd(word('updating', 'completed', 'paused', 'rollback_completed')), Message: text })),
    UpdatedAt: text,
  });
  const task = fc.record({
    ID: text,
    DesiredState: odd(fc.constantFrom('running', 'shutdown')),
    Spec: odd(fc.record({ ContainerSpec: odd(fc.record({ Image: written })) })),
    Status: odd(fc.record({ State: text })),
  });
  fc.assert(
    fc.property(odd(service), odd(fc.array(odd(task), { maxLength: 3 })), (json, list) => {
      const [one, tasks] = [serviceIn(json), tasksIn(list)];
      if (one === null || tasks === null) return;
      const state = serviceState({ service: one, tasks, images: [], repository: 'web', now: 5 });
      if (releaseOf([], 'web', one.image).length > 256) throw new Error('a long name');
      if (state.units.length === 0 && one.replicas !== 0) throw new Error('no unit');
      if (one.update === 'paused' && state.gaveUp === undefined) throw new Error('paused unsaid');
      states += 1;
    }),
    { numRuns: 10_000 },
  );
  expect(states).toBeGreaterThan(3_000);
}, 60_000);
