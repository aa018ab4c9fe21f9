// Heroku's Platform API v3 as far as Belay uses it: our own subset of its published description, as data.
import type { Schema } from './description.ts';

const id: Schema = { type: ['string'], format: 'uuid' };
const time: Schema = { type: ['string'], format: 'date-time' };
const text: Schema = { type: ['string'] };
const whole: Schema = { type: ['integer'] };
const APP: Schema = {
  type: ['object'],
  properties: { name: { type: ['string'], pattern: '^[a-z][a-z0-9-]{1,28}[a-z0-9]$' }, id },
  closed: true,
};

/** By the name of its resource in the description. */
export const RESOURCES: Readonly<Record<string, Schema>> = {
  release: {
    type: ['object'],
    closed: true,
    required: ['id', 'version', 'status', 'current', 'slug', 'created_at', 'updated_at', 'description', 'user', 'app'],
    properties: {
      addon_plan_names: { type: ['array'], items: text },
      artifacts: { type: ['array'], items: { type: ['object'], properties: { type: text, id } } },
      app: APP,
      created_at: time,
      updated_at: time,
      description: text,
      id,
      slug: { type: ['object', 'null'], properties: { id }, closed: true },
      status: { type: ['string'], enum: ['failed', 'pending', 'succeeded', 'expired'] },
      user: { type: ['object'], properties: { id, email: text }, closed: true },
      version: whole,
      current: { type: ['boolean'] },
      output_stream_url: { type: ['string', 'null'] },
      eligible_for_rollback: { type: ['boolean'] },
    },
  },
  slug: {
    type: ['object'],
    closed: true,
    required: ['id', 'commit', 'created_at', 'process_types'],
    properties: {
      id,
      commit: { type: ['null', 'string'] },
      checksum: { type: ['null', 'string'] },
      created_at: time,
      updated_at: time,
      process_types: { type: ['object'] },
      size: { type: ['integer', 'null'] },
    },
  },
  dyno: {
    type: ['object'],
    closed: true,
    required: ['id', 'name', 'type', 'state', 'release'],
    properties: {
      id,
      name: text,
      type: text,
      state: text,
      command: text,
      size: text,
      created_at: time,
      updated_at: time,
      attach_url: { type: ['string', 'null'] },
      release: { type: ['object'], properties: { id, version: whole }, required: ['id', 'version'], closed: true },
      app: APP,
    },
  },
  formation: {
    type: ['object'],
    closed: true,
    required: ['id', 'type', 'quantity'],
    properties: {
      id,
      type: { type: ['string'], pattern: '^[-\\w]{1,128}$' },
      quantity: whole,
      size: text,
      command: text,
      created_at: time,
      updated_at: time,
      app: APP,
    },
  },
};

export interface Operation {
  readonly method: 'GET' | 'POST';
  /** `{}` is an identity. */
  readonly path: string;
  readonly resource: string;
  /** The title of its link in the description. */
  readonly title: string;
  readonly many?: true;
  readonly body?: Schema;
}

export const OPERATIONS: readonly Operation[] = [
  { method: 'GET', path: '/apps/{}/releases', resource: 'release', title: 'List', many: true },
  {
    method: 'POST',
    path: '/apps/{}/releases',
    resource: 'release',
    title: 'Rollback',
    body: { type: ['object'], properties: { release: id }, required: ['release'], closed: true },
  },
  { method: 'GET', path: '/apps/{}/slugs/{}', resource: 'slug', title: 'Info' },
  { method: 'GET', path: '/apps/{}/dynos', resource: 'dyno', title: 'List', many: true },
  { method: 'GET', path: '/apps/{}/formation', resource: 'formation', title: 'List', many: true },
];
