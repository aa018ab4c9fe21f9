// Measurements that other programs send: Prometheus remote write and OTLP. One folder, because both speak protobuf and label their series.
/** @example sent(createRemoteWrite({ id: 'prom', everyMs: 15_000 })) */

/** @example sent(createOtlp({ id: 'otel', everyMs: 60_000 })) */
export { createOtlp } from './otlp.ts';
export { createRemoteWrite } from './remote-write.ts';
