// The official OpenTelemetry SDK sends, over a real socket, through the real door, by the configuration of the page.
import { type Attributes, SeverityNumber } from '@opentelemetry/api';
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtobufLogs } from '@opentelemetry/exporter-logs-otlp-proto';
import { AggregationTemporalityPreference, OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { AggregationType, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openTelemetry, systemOf, TOKEN } from './world.ts';

const RESOURCE = resourceFromAttributes({ 'service.name': 'shop', 'service.instance.id': 'a1', 'process.pid': 7 });
const OWN = { service_name: 'shop', instance: 'a1', otel_scope_name: 'test', otel_scope_version: '1.0.0' };
const HEADERS = { authorization: `Bearer ${TOKEN}` };

async function listening() {
  const world = await openTelemetry(systemOf('docs/sources/otlp.md', { BELAY_OTEL_TOKEN: TOKEN }));
  const at = await world.door.server.listen(0);
  onTestFinished(() => at.close());
  return { ...world, url: `${at.url}/in/otel` };
}

describe.each([
  ['JSON', JsonMetrics, JsonLogs],
  ['protobuf', ProtobufMetrics, ProtobufLogs],
] as const)('the official exporters in %s', (_encoding, Metrics, Logs) => {
  test.each([
    ['total', AggregationTemporalityPreference.CUMULATIVE],
    ['delta', AggregationTemporalityPreference.DELTA],
  ] as const)('send counters, values and histograms as %s', async (kind, temporalityPreference) => {
    const { url, samples, refused } = await listening();
    const exporter = new Metrics({ url: `${url}/v1/metrics`, headers: HEADERS, temporalityPreference });
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const provider = new MeterProvider({
      resource: RESOURCE,
      readers: [reader],
      views: [{ instrumentName: 'sizes', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
    });
    const meter = provider.getMeter('test', '1.0.0');
    const labels: Attributes = { 'http.route': '/a', code: 500 };
    meter.createCounter('http.requests').add(3, labels);
    meter.createUpDownCounter('in.flight').add(-2);
    meter.createGauge('queue').record(4.5);
    meter.createHistogram('duration', { advice: { explicitBucketBoundaries: [0.5, 1] } }).record(0.75);
    meter.createHistogram('sizes').record(8);
    await provider.forceFlush();
    await provider.shutdown();
    const found = Object.fromEntries(
      samples.map((sample) => {
        if (sample.kind === 'probe') return ['probe', 0];
        const le = sample.labels['le'];
        const { le: _bound, ...own } = sample.labels;
        const value = sample.kind === 'total' ? sample.total : sample.kind === 'delta' ? sample.delta : sample.value;
        expect(own).toEqual(sample.name === 'http.requests' ? { ...OWN, http_route: '/a', code: '500' } : OWN);
        return [`${sample.kind} ${sample.name}${le === undefined ? '' : ` ${le}`}`, value];
      }),
    );
    expect(found).toEqual({
      [`${kind} http.requests`]: 3,
      'value in.flight': -2,
      'value queue': 4.5,
      [`${kind} duration_count`]: 1,
      [`${kind} duration_sum`]: 0.75,
      [`${kind} duration_bucket 0.5`]: 0,
      [`${kind} duration_bucket 1`]: 1,
      [`${kind} duration_bucket +Inf`]: 1,
      [`${kind} sizes_count`]: 1,
      [`${kind} sizes_sum`]: 8,
    });
    expect(refused).toEqual([]);
  });

  test('send log records that are counted by severity', async () => {
    const { url, samples } = await listening();
    const exporter = new Logs({ url: `${url}/v1/logs`, headers: HEADERS });
    const provider = new LoggerProvider({ resource: RESOURCE, processors: [new SimpleLogRecordProcessor({ exporter })] });
    const timestamp = new Date('2026-03-01T11:59:58Z');
    provider.getLogger('test').emit({ severityNumber: SeverityNumber.ERROR2, body: 'no', timestamp, attributes: { list: ['a', 1] } });
    await provider.forceFlush();
    await provider.shutdown();
    expect(samples).toEqual([
      {
        kind: 'delta',
        id: expect.any(String),
        name: 'log_records',
        labels: { severity: 'error', service_name: 'shop' },
        at: timestamp.getTime(),
        delta: 1,
      },
    ]);
  });
});
